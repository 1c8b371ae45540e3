import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct ShowGateway: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a gateway: what it has applied, what drains or is down there, and what its kernel refuses.")

    @OptionGroup var named: GatewayOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let detail = try await client.gateway(named.gateway, of: try await named.location(client))
        try output.show(detail, asText: GatewaysText.text(detail))
    }
}
