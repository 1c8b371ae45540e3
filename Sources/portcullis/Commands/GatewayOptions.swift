import AdminAPI
import ArgumentParser
import CommandLineSupport
import Text

/// Which gateway a command is about.
struct GatewayOptions: ParsableArguments {
    @Argument(help: "The gateway.", completion: .names(.gateways), transform: NameArgument.read)
    var gateway: String

    @Option(
        help: "Its location; needed when several locations have a gateway of this name.",
        completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    /// The location that was named, or that of the only gateway of the name.
    func location(_ client: AdminResources) async throws -> String {
        if let location { return location }
        let locations = try await client.gateways().filter { $0.name.isExactly(gateway) }.map(\.location)
        guard let location = locations.first else { throw CommandError("ADMIN knows no gateway \(gateway)") }
        guard locations.count == 1 else {
            throw CommandError(
                "there is a gateway \(gateway) in several locations: \(locations.joined(separator: ", "))",
                hint: "Name one with --location.")
        }
        return location
    }
}
