import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct ForgetGateway: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Forget a gateway that no longer exists, so that nobody waits for it.",
        discussion: "A gateway that still polls is back with its next poll.")

    @OptionGroup var named: GatewayOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(
            .delete, .gateway(named.gateway, of: try await named.location(client)), dryRun: change.dryRun)
        try change.finish(try await client.value(request))
    }
}
