import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text

struct LocationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locations", abstract: "List, add, change and remove locations.",
        subcommands: [ListLocations.self, AddLocation.self, SetLocation.self, RemoveLocations.self],
        defaultSubcommand: ListLocations.self)
}

struct ListLocations: AdminCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List locations.")

    @OptionGroup var output: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let locations = try await client.locations()
        try output.show(locations, ResourceTables.locations(locations))
    }
}

struct AddLocation: AdminCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Add a location: a datacenter.")

    @Argument(help: "The location.", transform: NameArgument.read)
    var location: String

    @Option(help: "One line for people.")
    var description: String?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.put, .location(location), dryRun: change.dryRun)
            .json(LocationChange(description: description))
        let name = location.printable
        try change.finish(
            try await client.create(
                request, "location \(name)", hint: "`portcullis locations set \(name)` changes its description."))
    }
}

struct SetLocation: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change the description of a location.")

    @Argument(help: "The location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String

    @Option(help: "One line for people; empty: none.")
    var description: String

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.put, .location(location), dryRun: change.dryRun)
            .json(LocationChange(description: description))
        let name = location.printable
        try change.finish(
            try await client.replace(
                request, "location \(name)", hint: "`portcullis locations add \(name)` adds it."))
    }
}

struct RemoveLocations: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove locations that have no servers, no pools and no egress rules.")

    @Argument(
        help: ArgumentHelp("The locations.", valueName: "location"), completion: .names(.locations),
        transform: NameArgument.read)
    var locations: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(
            try await client.remove(
                ApplyRemoval(locations: locations.withoutRepetition), dryRun: change.dryRun), client)
    }
}
