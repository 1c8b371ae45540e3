import AdminAPI
public import ArgumentParser
import CommandLineSupport
import JSON
import Names

/// The states a service can be named in on the command line.
extension ServiceState: ExpressibleByArgument {}

struct ListServices: AdminCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List service instances.")

    @Option(help: "Only those of a service type.")
    var type: String?

    @Option(help: "Only those on a server.")
    var server: String?

    @Option(help: "Only those of a location.")
    var location: String?

    @Option(help: "Only those in a state, their server's counted.")
    var state: ServiceState?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let servers = Dictionary(
            try await client.servers().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let services = try await client.services().filter { service in
            type.map { $0 == service.type } ?? true && server.map { $0 == service.server } ?? true
                && location.map { $0 == servers[service.server]?.location } ?? true
                && state.map { $0 == service.effectiveState.state } ?? true
        }
        try output.show(services, asText: ResourceTables.services(services, servers: servers).text)
    }
}

struct ShowService: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a service instance and how it is exported.")

    @Argument(help: "The service: TYPE.INDEX.", transform: NameArgument.read)
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
