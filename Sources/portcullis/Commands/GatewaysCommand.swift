import AdminAPI
import AdminClient
import ArgumentParser

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
        guard wait != nil else { return try await list.show(listing, client) }
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(wait ?? 0)
        var gateways = try await gateways(client)
        while wait != nil, !gateways.areInSync, clock.now < deadline {
            try await Task.sleep(for: .milliseconds(300))
            gateways = try await self.gateways(client)
        }
        try list.table.show(
            gateways, GatewaysText.table(gateways, isWide: list.table.isWide), notes: GatewaysText.notes(gateways))
        if let wait, !gateways.areInSync {
            throw CommandError(
                gateways.isEmpty
                    ? "no gateway has asked for the export within \(wait) s"
                    : "after \(wait) s not every gateway has applied the current export",
                hint: hint(gateways))
        }
    }

    private func hint(_ gateways: [GatewayResource]) -> String? {
        if gateways.contains(where: { $0.held != nil }) {
            return "What a gateway holds back waits for its operator: see `portcullis gateways`."
        }
        // A gateway polls every few seconds.
        return gateways.first { !$0.inSync && $0.age > 60 }.map {
            "\($0.name) has not asked for long; if it is no more, `portcullis gateways forget \($0.name)`."
        }
    }

    private func gateways(_ client: AdminResources) async throws -> [GatewayResource] {
        try await client.value(listing.request)
    }

    private var listing: Listing<GatewayResource> {
        Listing(
            request: AdminRequest(.get, .gateways, query: list.query([QueryParameter.location: location])),
            name: { "\($0.location)/\($0.name)" },
            settled: { gateway in
                var gateway = gateway
                (gateway.age, gateway.lastPoll) = (0, "")
                return gateway
            }, table: { gateways, isWide in GatewaysText.table(gateways, isWide: isWide) },
            notes: { GatewaysText.notes($0) })
    }
}

extension [GatewayResource] {
    /// Whether there are gateways, and all have the present export.
    fileprivate var areInSync: Bool { !isEmpty && allSatisfy(\.inSync) }
}
