import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import JSON
import Names
import Text

struct ListServers: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List servers, sorted by name, location or kind.")

    @Option(help: "Only those of a location.", completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    @Option(help: "Only those of a kind.")
    var kind: ServerKind?

    @Option(help: "Only those with a label.", transform: NameArgument.read)
    var label: String?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let query = list.query([
            QueryParameter.location: location, QueryParameter.kind: kind?.rawValue, QueryParameter.label: label,
        ])
        try await list.show(
            Listing<ServerResource>(
                request: AdminRequest(.get, .servers, query: query), name: { $0.name },
                table: { servers, isWide in
                    guard isWide else { return ResourceTables.servers(servers) }
                    return ResourceTables.servers(servers, services: try await client.services())
                }),
            client)
    }
}

struct ShowServer: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a server, the services on it, and what of it still drains.")

    @Argument(help: "The server.", completion: .names(.servers), transform: NameArgument.read)
    var server: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let server = try await client.server(server)
        let services: [ServiceResource] = try await client.value(
            AdminRequest(.get, .services, query: [(QueryParameter.server, server.name)]))
        var leaving = [LeavingServer]()
        for gateway in try await client.gateways() where gateway.location.isExactly(server.location) {
            leaving += LeavingServer.all(of: server, at: try await client.gateway(gateway.name, of: gateway.location))
        }
        try output.show(
            json: [
                "leaving": .array(leaving.map(\.json)), "server": server.json,
                "services": .array(services.map(\.json)),
            ],
            asText: ResourceTables.server(
                server, services: services, leaving: leaving, isColored: StandardOutput.takesColors))
    }
}
