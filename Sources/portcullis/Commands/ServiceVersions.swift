import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
public import Names
import Text

extension VersionReference: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

struct VersionServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Give service instances a version, which their servers then install.",
        discussion: """
            The version is NAME, NAME/VARIANT or sha256:DIGEST, or `none`: then ADMIN stops the service, and its directory \
            stays. All at once, without a look at gateways or tests: that is what `portcullis upgrade` is for.
            """)

    @Argument(
        help: ArgumentHelp("The services, TYPE.INDEX, one or more; then the version.", valueName: "service … version"),
        completion: .names(.services), transform: NameArgument.read)
    var words: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    private var names: [String] { Array(words.dropLast()) }

    private var version: ServicePatch.Version? {
        guard let text = words.last else { return nil }
        return text == "none" ? ServicePatch.Version.none : VersionReference(text).map { .reference($0) }
    }

    func validate() throws {
        guard words.count > 1 else { throw ValidationError("name one or more services, and then the version") }
        try ServiceNames.check(names)
        guard version != nil else {
            throw ValidationError("\((words.last ?? "").printed(atMost: 80)) is no version; \(VersionReference.rule)")
        }
    }

    func run(_ client: AdminResources) async throws {
        if case .reference(let reference)? = version { try await noteUpgrade(to: reference, client) }
        try change.finish(
            try await client.patch(
                ServicesPatch(services: names.withoutRepetition, version: version), dryRun: change.dryRun))
    }

    /// Whoever changes instances that run may not know of rollouts.
    private func noteUpgrade(to version: VersionReference, _ client: AdminResources) async throws {
        var running: [ExactText: [String]] = [:]
        for name in names.withoutRepetition {
            let service = try await client.service(name)
            guard let present = service.version, present != version.plain, service.desired == .running else { continue }
            running[ExactText(service.type), default: []].append(name)
        }
        let many = running.filter { $0.value.count > 1 }.keys.min()
        guard let type = many ?? running.keys.min(), let services = running[type] else { return }
        let upgrade = "portcullis upgrade \(type.wrappedValue) --to \(version)"
        StandardError.write(
            services.count > 1
                ? "Note: these instances run, and change all at once; `\(upgrade)` changes them one after the other."
                : "Note: \(services[0]) runs, and is changed at once, whatever connections it has; `\(upgrade) --service "
                    + "\(services[0])` drains it first, and tests it.")
    }
}

struct StartServices: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Have service instances run that have a version.",
        discussion: "Gateways send to one as soon as its server says that it runs.")

    @OptionGroup var services: ServiceNames
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(try await client.desire(.running, of: services.names, dryRun: change.dryRun), client)
    }
}

struct StopServices: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop service instances that have a version, until `start`.",
        discussion: """
            No gateway sends to them until they run again. They stop at once, whatever connections they have: \
            `services drain --wait` comes first.
            """)

    @OptionGroup var services: ServiceNames
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(try await client.desire(.stopped, of: services.names, dryRun: change.dryRun), client)
    }
}

struct PurgeService: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Have a server remove the directory of a service that has left it, with its data; and wait for that.",
        discussion: """
            It ends when the server's node has said that nothing is left, with exit code 1 if that is not so by --timeout \
            (600 s), or if the node is silent. The order stays: the node carries it out when it is back. Until then the \
            service cannot come to the server again. Repeated, the command waits for an order that was given before.
            """)

    @Argument(help: "The service: TYPE.INDEX.", transform: NameArgument.read)
    var service: String

    @Option(help: "The server.", completion: .names(.servers), transform: NameArgument.read)
    var server: String

    @Flag(help: "Give the order, and do not wait until it is carried out.")
    var noWait = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try ServiceNames.check([service]) }

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.delete, .service(service, on: server), dryRun: change.dryRun)
        let start = ContinuousClock.now
        try change.finish(try await client.value(request))
        guard !noWait, !change.dryRun else { return }
        try await PurgeWait(service, on: server, client, within: connection.patience, since: start).run()
        if [.table, .wide].contains(change.output.output) {
            try StandardOutput.write("\(service) is removed from \(server), with its data")
        }
    }
}

extension AdminResources {
    /// Has services run or not.
    fileprivate func desire(_ desired: DesiredRun, of names: [String], dryRun: Bool) async throws -> ChangeReport {
        try await patch(ServicesPatch(services: names.withoutRepetition, desired: desired), dryRun: dryRun)
    }
}
