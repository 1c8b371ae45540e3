import AdminAPI
import ArgumentParser
import CommandLineSupport

struct ServersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "servers", abstract: "List servers.", subcommands: [ListServers.self],
        defaultSubcommand: ListServers.self)
}

struct ListServers: AdminCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List servers.")

    @Option(help: "Only those of a location.", transform: NameArgument.read)
    var location: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let servers = try await client.servers().filter { server in location.map { $0 == server.location } ?? true }
        try output.show(servers, asText: ResourceTables.servers(servers).text)
    }
}

struct LocationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locations", abstract: "List locations.", subcommands: [ListLocations.self],
        defaultSubcommand: ListLocations.self)
}

struct ListLocations: AdminCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List locations.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let locations = try await client.locations()
        try output.show(locations, asText: ResourceTables.locations(locations).text)
    }
}

struct PoolsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools", abstract: "List pools of public addresses.", subcommands: [ListPools.self],
        defaultSubcommand: ListPools.self)
}

struct ListPools: AdminCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List pools of public addresses.")

    @Argument(help: "Only those of a location.", transform: NameArgument.read)
    var location: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        var pools = [PoolResource]()
        let locations = if let location { [location] } else { try await client.locations().map(\.name) }
        for location in locations { pools += try await client.pools(of: location) }
        try output.show(pools, asText: ResourceTables.pools(pools).text)
    }
}
