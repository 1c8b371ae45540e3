import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct PoolsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools", abstract: "List, set and remove pools of public addresses.",
        subcommands: [ListPools.self, SetPool.self, RemovePools.self], defaultSubcommand: ListPools.self)
}

struct ListPools: AdminCommand, TakesAnyWord {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List pools of public addresses.")

    @Argument(help: "Only those of a location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    @OptionGroup var output: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        var pools = [PoolResource]()
        let locations = if let location { [location] } else { try await client.locations().map(\.name) }
        for location in locations { pools += try await client.pools(of: location) }
        try output.show(pools, ResourceTables.pools(pools))
    }
}

struct SetPool: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set the addresses of a pool; a pool that does not exist is added.",
        discussion: "The addresses replace those that the pool has.")

    @Argument(help: "The location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String

    @Argument(help: "The pool.", completion: .names(.pools), transform: NameArgument.read)
    var pool: String

    @Argument(help: ArgumentHelp("Its public addresses, IPv4 and IPv6.", valueName: "address"))
    var addresses: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.put, .pool(pool, of: location), dryRun: change.dryRun)
            .json(PoolChange(addresses: addresses))
        try await finish(try await client.value(request), client)
    }
}

struct RemovePools: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove pools of a location that no service and no egress rule needs.")

    @Argument(help: "The location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String

    @Argument(
        help: ArgumentHelp("The pools.", valueName: "pool"), completion: .names(.pools), transform: NameArgument.read)
    var pools: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(
            try await client.remove(
                ApplyRemoval(pools: pools.withoutRepetition.map { .init(location: location, name: $0) }),
                dryRun: change.dryRun), client)
    }
}
