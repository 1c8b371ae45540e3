import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct EgressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "egress", abstract: "List, set and remove egress rules: how inside networks reach the world.",
        subcommands: [ListEgress.self, SetEgress.self, RemoveEgress.self], defaultSubcommand: ListEgress.self)
}

struct ListEgress: AdminCommand, TakesAnyWord {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List egress rules.")

    @Argument(help: "Only those of a location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    @OptionGroup var output: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        var rules = [EgressResource]()
        let locations = if let location { [location] } else { try await client.locations().map(\.name) }
        for location in locations { rules += try await client.egress(of: location) }
        try output.show(rules, ResourceTables.egress(rules))
    }
}

struct SetEgress: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set an egress rule; one that does not exist is added.",
        discussion: """
            Machines of the inside networks reach the world by the addresses of the pool; the connections of one \
            machine always leave by the same address. The networks replace those that the rule has. Networks are \
            written as 10.1.0.0/16 and fd00:1::/64, a single machine as 10.1.0.5/32.
            """)

    @Argument(help: "The location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String

    @Argument(help: "The egress rule.", completion: .names(.egress), transform: NameArgument.read)
    var egress: String

    @Option(
        help: ArgumentHelp("The pool of the location whose addresses the world sees.", valueName: "pool"),
        completion: .names(.pools), transform: NameArgument.read)
    var pool: String

    @Option(help: ArgumentHelp("An inside network; may be repeated.", valueName: "network"))
    var from: [String]

    @Option(
        help: ArgumentHelp(
            "Destinations that are reached with the inside address; may be repeated.", valueName: "network"))
    var except: [String] = []

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.put, .egress(egress, of: location), dryRun: change.dryRun)
            .json(EgressChange(pool: pool, from: from, except: except))
        try await finish(try await client.value(request), client)
    }
}

struct RemoveEgress: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove egress rules of a location.")

    @Argument(help: "The location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String

    @Argument(
        help: ArgumentHelp("The egress rules.", valueName: "egress"), completion: .names(.egress),
        transform: NameArgument.read)
    var rules: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(
            try await client.remove(
                ApplyRemoval(egress: rules.withoutRepetition.map { .init(location: location, name: $0) }),
                dryRun: change.dryRun), client)
    }
}
