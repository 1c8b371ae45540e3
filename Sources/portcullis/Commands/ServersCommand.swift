import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import Names
import Text

/// The kinds a server can be given on the command line.
extension ServerKind: ExpressibleByArgument {}

struct ServersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "servers", abstract: "List, show, add, change and remove servers.",
        subcommands: [
            ListServers.self, ShowServer.self, AddServer.self, SetServer.self, RemoveServers.self, DrainServers.self,
            ReadyServers.self, MaintServers.self,
        ],
        defaultSubcommand: ListServers.self)
}

struct AddServer: ExportChangingCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Add a server.")

    @Argument(help: "The server.", transform: NameArgument.read)
    var server: String

    @Option(help: "Its location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String

    @Option(help: "What it is built for.")
    var kind: ServerKind

    @Option(
        name: .customLong("address"),
        help: ArgumentHelp("Its internal address; given twice: one of each family.", valueName: "address"))
    var addresses: [String]

    @Option(
        name: .customLong("label"),
        help: ArgumentHelp("A label, for the `requires` of types; may be repeated.", valueName: "label"),
        transform: NameArgument.read)
    var labels: [String] = []

    @OptionGroup var drives: DriveOptions

    @Option(help: "The state to start in.")
    var state = ServiceState.ready

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.put, .server(server), dryRun: change.dryRun)
            .json(
                ServerChange(
                    location: location, kind: kind, addresses: addresses, labels: labels, state: state,
                    drives: drives.drives))
        let name = server.printable
        try await finish(
            try await client.create(
                request, "server \(name)", hint: "`portcullis servers set \(name)` changes it."), client)
    }
}

struct SetServer: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a server; what is not given stays.")

    @Argument(help: "The server.", completion: .names(.servers), transform: NameArgument.read)
    var server: String

    @Option(help: "Its location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    @Option(help: "What it is built for.")
    var kind: ServerKind?

    @Option(
        name: .customLong("address"),
        help: ArgumentHelp(
            "Its internal address, instead of those it has; given twice: one of each family.", valueName: "address"))
    var addresses: [String] = []

    @Option(
        name: .customLong("label"),
        help: ArgumentHelp("A label, instead of those it has; may be repeated.", valueName: "label"),
        transform: NameArgument.read)
    var labels: [String] = []

    @Flag(help: "Take all its labels away.")
    var noLabels = false

    @OptionGroup var drives: DriveOptions

    @Flag(help: "Take all its drives away.")
    var noDrives = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard labels.isEmpty || !noLabels else { throw ValidationError("--label and --no-labels exclude each other") }
        guard drives.drives == nil || !noDrives else {
            throw ValidationError("--drive and --no-drives exclude each other")
        }
        guard patch != ServerPatch() else {
            throw ValidationError(
                "nothing to change; give --location, --kind, --address, --label, --no-labels, --drive or --no-drives")
        }
    }

    private var patch: ServerPatch {
        ServerPatch(
            location: location, kind: kind, addresses: addresses.isEmpty ? nil : addresses,
            labels: labels.isEmpty && !noLabels ? nil : labels,
            drives: noDrives ? [:] : drives.drives)
    }

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.patch, .server(server), dryRun: change.dryRun).json(patch)
        try await finish(try await client.value(request), client)
    }
}

struct RemoveServers: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove servers that no service runs on.")

    @Argument(
        help: ArgumentHelp("The servers.", valueName: "server"), completion: .names(.servers),
        transform: NameArgument.read)
    var servers: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(
            try await client.remove(
                ApplyRemoval(servers: servers.withoutRepetition), dryRun: change.dryRun), client)
    }
}

/// The drives of a server.
struct DriveOptions: ParsableArguments {
    @Option(
        name: .customLong("drive"),
        help: ArgumentHelp(
            "A drive for the data of services: its name and where it is mounted, d1=/mnt/d1; may be repeated.",
            valueName: "name=path"))
    var texts: [String] = []

    /// `nil`: none is given.
    var drives: [ExactText: String]? {
        guard !texts.isEmpty else { return nil }
        return texts.reduce(into: [:]) { drives, text in
            let parts = text.splitBytes("=", maxSplits: 1).map { String($0) }
            drives[ExactText(parts[0])] = parts.last
        }
    }

    func validate() throws {
        for text in texts {
            let parts = text.splitBytes("=", maxSplits: 1).map { String($0) }
            guard parts.count == 2 else {
                throw ValidationError("--drive: \(text.printed(atMost: 80)) is not NAME=PATH")
            }
            if let problem = ObjectName.problem(with: parts[0], as: .drive) {
                throw ValidationError("--drive: the name of a drive \(problem)")
            }
            guard DrivePath.isValid(parts[1]) else { throw ValidationError("--drive: \(DrivePath.rule)") }
        }
        guard Set(drives?.keys.map(\.wrappedValue) ?? []).count == texts.count else {
            throw ValidationError("--drive: a name is given twice")
        }
    }
}
