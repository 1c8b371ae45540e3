import AdminAPI
import AdminClient
import ArgumentParser
import Text

struct GatewaysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateways", abstract: "List and show gateways, and forget those that no longer exist.",
        subcommands: [ListGateways.self, ShowGateway.self, ForgetGateway.self], defaultSubcommand: ListGateways.self)
}

struct ListGateways: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List gateways: what each has applied or holds back, since when, and when it last polled.",
        discussion: """
            With --wait, it ends when every gateway has applied its location's current export. The exit code is 1 when \
            that takes longer than the seconds given.
            """)

    @Option(help: "Only those of a location.", completion: .names(.locations))
    var location: String?

    @Option(help: ArgumentHelp("Wait until all are in sync.", valueName: "seconds"))
    var wait: Int?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if wait != nil, list.watch { throw ValidationError("--wait and --watch exclude each other") }
        if let wait, !(0...86_400).contains(wait) { throw ValidationError("--wait: \(wait) is not in 0-86400") }
    }

    func run(_ client: AdminResources) async throws {
        guard let wait else { return try await list.show(listing(client), client) }
        var failure: CommandError?
        do {
            try await confirm(within: wait, client)
        } catch let error as CommandError {
            failure = error
        }
        let gateways = try await gateways(client)
        try list.table.show(
            gateways, GatewaysText.table(gateways, isWide: list.table.isWide),
            notes: GatewaysText.notes(gateways, try await HealthDirectory(client, location: location).now()))
        if let failure { throw failure }
    }

    /// Waits until there are gateways, and all of them have confirmed what ADMIN has now.
    private func confirm(within seconds: Int, _ client: AdminResources) async throws {
        let start = ContinuousClock.now
        var locations = Set(try await gateways(client).map { ExactText($0.location) })
        while locations.isEmpty {
            guard .now < start + .seconds(seconds) else {
                throw CommandError("no gateway has asked for the export within \(seconds) s")
            }
            try await Task.sleep(for: .milliseconds(300))
            locations = Set(try await gateways(client).map { ExactText($0.location) })
        }
        try await ConfirmationWait(client, within: seconds, since: start).run(
            locations.sorted().map { .init(location: $0.wrappedValue, needsGateway: true) })
    }

    private func gateways(_ client: AdminResources) async throws -> [GatewayResource] {
        try await client.value(listing(client).request)
    }

    private func listing(_ client: AdminResources) -> Listing<GatewayResource> {
        let health = HealthDirectory(client, location: location)
        return Listing(
            request: AdminRequest(.get, .gateways, query: list.query([QueryParameter.location: location])),
            name: { "\($0.location)/\($0.name)" },
            settled: { gateway in
                var gateway = gateway
                (gateway.age, gateway.lastPoll) = (0, "")
                return gateway
            }, table: { gateways, isWide in GatewaysText.table(gateways, isWide: isWide) },
            notes: { GatewaysText.notes($0, try await health.now()) })
    }
}
