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

    @Option(help: "Only those in a state.")
    var state: ServiceState?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let locations = Dictionary(
            try await client.servers().map { ($0.name, $0.location) }, uniquingKeysWith: { first, _ in first })
        let services = try await client.services().filter { service in
            type.map { $0 == service.type } ?? true && server.map { $0 == service.server } ?? true
                && location.map { $0 == locations[service.server] } ?? true
                && state.map { $0 == service.state } ?? true
        }
        try output.show(services, asText: ResourceTables.services(services, locations: locations).text)
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
        let location = try await client.server(service.server).location
        let rows = try ExportLine.lines(of: try await client.export(of: location))
            .filter { $0.service == service.name }
        try output.show(
            json: [
                "service": service.json, "location": .string(location), "export": .array(rows.map(\.json)),
            ],
            asText: ResourceTables.service(service, location: location, rows: rows))
    }
}
