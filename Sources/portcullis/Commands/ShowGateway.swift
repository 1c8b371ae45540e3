import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text

struct ShowGateway: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a gateway: what it has applied, what drains there, and what its kernel refuses.")

    @Argument(help: "The gateway.", transform: NameArgument.read)
    var gateway: String

    @Option(
        help: "Its location; needed when several locations have a gateway of this name.", transform: NameArgument.read)
    var location: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let location = if let location { location } else { try await client.onlyLocation(ofGateway: gateway) }
        let detail = try await client.gateway(gateway, of: location)
        try output.show(detail, asText: GatewaysText.text(detail))
    }
}

extension AdminResources {
    /// The location of the only gateway of the name.
    func onlyLocation(ofGateway name: String) async throws -> String {
        let locations = try await gateways().filter { $0.name.isExactly(name) }.map(\.location)
        guard let location = locations.first else { throw CommandError("ADMIN knows no gateway \(name)") }
        guard locations.count == 1 else {
            throw CommandError(
                "there is a gateway \(name) in several locations: \(locations.joined(separator: ", "))",
                hint: "Name one with --location.")
        }
        return location
    }
}
