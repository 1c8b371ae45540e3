import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import JSON
import Names

/// The states a service can be named in on the command line.
extension ServiceState: ExpressibleByArgument {}

struct ListServices: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List service instances, sorted by name, server, location or state.")

    @Option(help: "Only those of a service type.", completion: .names(.types))
    var type: String?

    @Option(help: "Only those on a server.", completion: .names(.servers))
    var server: String?

    @Option(help: "Only those of a location.", completion: .names(.locations))
    var location: String?

    @Option(help: "Only those in a state, their server's counted.")
    var state: ServiceState?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let query = list.query([
            QueryParameter.type: type, QueryParameter.server: server, QueryParameter.location: location,
            QueryParameter.state: state?.rawValue,
        ])
        let servers = ServerDirectory(client)
        try await list.show(
            Listing<ServiceResource>(
                request: AdminRequest(.get, .services, query: query), name: { $0.name },
                table: { services, isWide in
                    ResourceTables.services(services, on: try await servers.byName(), isWide: isWide)
                }),
            client)
    }
}

struct ShowService: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a service instance and how it is exported.")

    @Argument(help: "The service: TYPE.INDEX.", completion: .names(.services), transform: NameArgument.read)
    var service: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let service = try await client.service(service)
        let server = try await client.server(service.server)
        let rows = try ExportLine.lines(of: try await client.export(of: server.location))
            .filter { $0.service == service.name }
        let isDraining = service.effectiveState.state == .drain && !rows.isEmpty
        let connections =
            isDraining
            ? DrainingConnections(of: service.name, try await client.confirmation(at: server.location)) : nil
        try output.show(
            json: [
                "connections": connections?.json ?? .null, "service": service.json,
                "location": .string(server.location), "export": .array(rows.map(\.json)),
            ],
            asText: ResourceTables.service(service, on: server, connections: connections, rows: rows))
    }
}
