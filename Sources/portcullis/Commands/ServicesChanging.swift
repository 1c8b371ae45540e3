import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Names

struct AddService: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add an instance of a service type.",
        discussion: """
            Without a server, ADMIN chooses one: of those that the type's `requires` allow and, for an exported type, \
            that have no instance of it and addresses for its sections, the one with the fewest instances of the type, \
            then with the fewest services of all. A gateway is chosen only if `requires` names that kind.
            """)

    @Argument(
        help: "The service type, for which ADMIN chooses an index, or TYPE.INDEX.", completion: .names(.types),
        transform: NameArgument.read)
    var type: String

    @Argument(
        help: "The server. Without it, ADMIN chooses one with the fewest services of the type.",
        completion: .names(.servers), transform: NameArgument.read)
    var server: String?

    @Option(help: "Where ADMIN chooses the server.", completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    @Option(help: "The state to start in.")
    var state = ServiceState.ready

    @Option(help: "The weight, 0 to 65535. (default: that of the gateway section)")
    var weight: Int?

    @Option(
        help: ArgumentHelp(
            "The version that its server installs: NAME, NAME/VARIANT or sha256:DIGEST. (default: it installs none)",
            valueName: "version"))
    var version: VersionReference?

    @Flag(help: "Install the version, and do not start it.")
    var stopped = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if stopped, version == nil { throw ValidationError("--stopped is for a service with a --version") }
        if let weight, !(0...65_535).contains(weight) { throw ValidationError("--weight: \(weight) is not in 0-65535") }
        if server != nil, location != nil {
            throw ValidationError("--location is for a service whose server ADMIN chooses; here the server is given")
        }
        if server == nil, let name = ServiceName(type) {
            throw ValidationError(
                "\(name) needs a server; ADMIN chooses one only if it chooses the index, too: name the type alone")
        }
    }

    func run(_ client: AdminResources) async throws {
        guard let name = ServiceName(type), let server else {
            let request = AdminRequest.change(.post, .services, dryRun: change.dryRun)
                .json(
                    ServiceCreation(
                        type: type, server: server, location: location, state: state, weight: weight, version: version,
                        desired: stopped ? .stopped : nil))
            return try change.finish(try await client.value(request))
        }
        let request = AdminRequest.change(.put, .service(name.description), dryRun: change.dryRun)
            .json(
                ServiceChange(
                    server: server, state: state, weight: weight, version: version, desired: stopped ? .stopped : nil))
        try await finish(
            try await client.create(
                request, "\(name)", hint: "`portcullis services move \(name) \(server)` moves it."), client)
    }
}

struct RemoveServices: ExportChangingCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Remove service instances.")

    @OptionGroup var services: ServiceNames
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(
            try await client.remove(
                ApplyRemoval(services: services.names.withoutRepetition), dryRun: change.dryRun), client)
    }
}

struct WeightService: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "weight", abstract: "Give a service instance its own weight, or that of its gateway section.")

    /// `50`, or `section`
    enum Weight: ExpressibleByArgument {
        case fixed(Int)
        case section

        init?(argument: String) {
            if argument == "section" {
                self = .section
            } else if let weight = Int(argument), (0...65_535).contains(weight) {
                self = .fixed(weight)
            } else {
                return nil
            }
        }
    }

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @Argument(help: "0 to 65535, or `section` for the weight of its gateway section.")
    var weight: Weight

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let patch =
            switch weight {
            case .fixed(let weight): ServicePatch(weight: .fixed(weight))
            case .section: ServicePatch(weight: .fromSection)
            }
        try await finish(try await client.patch(service, patch, dryRun: change.dryRun), client)
    }
}
