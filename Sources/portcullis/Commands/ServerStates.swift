import AdminAPI
import ArgumentParser
import CommandLineSupport
import JSON
import Names
import Text

struct ShowServer: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a server, the services on it, and what of it still drains.")

    @Argument(help: "The server.", transform: NameArgument.read)
    var server: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let server = try await client.server(server)
        let services = try await client.services().filter { $0.server == server.name }
        var leaving = [LeavingServer]()
        for gateway in try await client.gateways() where gateway.location.isExactly(server.location) {
            leaving += LeavingServer.all(of: server, at: try await client.gateway(gateway.name, of: gateway.location))
        }
        try output.show(
            json: [
                "leaving": .array(leaving.map(\.json)), "server": server.json,
                "services": .array(services.map(\.json)),
            ],
            asText: ResourceTables.server(server, services: services, leaving: leaving))
    }
}

struct DrainServers: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Send the services of servers no new connections; established ones go on.",
        discussion: """
            The services keep their own states, and an instance that comes to the server meanwhile is drained, too. Of \
            several servers, all change or none. With --wait, it ends when every gateway has confirmed the change and \
            no connection is left on the instances.
            """)
    static let state = ServiceState.drain

    @OptionGroup var targets: ServerTargets
    @OptionGroup var duration: StateDuration
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    var seconds: Int? { duration.seconds }
}

struct ReadyServers: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready", abstract: "Put servers into production: their services are in their own states again.",
        discussion: "Of several servers, all change or none.")
    static let state = ServiceState.ready

    @OptionGroup var targets: ServerTargets
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions
}

struct MaintServers: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "maint", abstract: "Take the services of servers out of production and out of the export.",
        discussion: "The services keep their own states. Of several servers, all change or none.")
    static let state = ServiceState.maint

    @OptionGroup var targets: ServerTargets
    @OptionGroup var duration: StateDuration
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    var seconds: Int? { duration.seconds }
}
