import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct ForgetGateway: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Forget a gateway that no longer exists, so that nobody waits for it.",
        discussion: "A gateway that still polls is back with its next poll.")

    @Argument(help: "The gateway.", transform: NameArgument.read)
    var gateway: String

    @Option(
        help: "Its location; needed when several locations have a gateway of this name.", transform: NameArgument.read)
    var location: String?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let location = if let location { location } else { try await client.onlyLocation(ofGateway: gateway) }
        let request = AdminRequest.change(.delete, .gateway(gateway, of: location), dryRun: change.dryRun)
        try change.finish(try await client.value(request))
    }
}
