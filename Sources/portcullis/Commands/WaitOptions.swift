import AdminAPI
import ArgumentParser
import CommandLineSupport
import Text

/// Options of subcommands that change the export: whether they wait until the change is in force.
struct WaitOptions: ParsableArguments {
    @Flag(
        help: """
            Wait until services that start with the change run, and every gateway of the locations concerned has \
            confirmed it; the exit code is 1 when that is not so by --timeout, or a gateway holds the change back.
            """)
    var wait = false

    @Option(
        name: .customLong("without-gateway"),
        help: ArgumentHelp("With --wait, do not wait for this gateway; may be repeated.", valueName: "gateway"),
        completion: .names(.gateways), transform: NameArgument.read)
    var without: [String] = []

    func validate() throws {
        guard wait || without.isEmpty else { throw ValidationError("--without-gateway needs --wait") }
    }

    /// Throws for a name that ADMIN does not know, before anything is changed.
    func check(_ client: AdminResources) async throws { try await client.requireGateways(without) }
}

extension AdminResources {
    /// Throws for a name of `--without-gateway` that ADMIN does not know: nobody would be left out.
    func requireGateways(_ names: [String]) async throws {
        guard !names.isEmpty else { return }
        let known = Set(try await gateways().map { ExactText($0.name) })
        guard let wrong = names.first(where: { !known.contains(ExactText($0)) }) else { return }
        throw CommandError(
            "--without-gateway: ADMIN knows no gateway \(wrong.printable); nothing was changed",
            hint: "`portcullis gateways` lists them.")
    }
}

/// A subcommand that changes the export, and can wait until the change is in force.
protocol ExportChangingCommand: AdminCommand {
    var change: ChangeOptions { get }
    var waiting: WaitOptions { get }
}

extension ExportChangingCommand {
    func run() async throws {
        try await connection.withClient { client in
            try await waiting.check(client)
            try await run(client)
        }
    }

    /// Shows what was changed, and waits if that was asked for: until what starts runs, and then for the gateways. If
    /// nothing was changed, it waits until what there is has been confirmed everywhere.
    ///
    /// - Parameter places: where the parts of the request are in the operator's files.
    func finish(_ report: ChangeReport, _ client: AdminResources, places: SourceMap = SourceMap()) async throws {
        try change.finish(report, places: places)
        guard waiting.wait, !change.dryRun else { return }
        let start = ContinuousClock.now
        let locations =
            report.isEmpty ? try await client.locations().map(\.name) : report.export.map(\.location)
        var goals = locations.map { ConfirmationWait.Goal(location: $0, generation: report.generation) }
        let services = report.changes.filter { $0.kind == .service && $0.action != .delete }
        if !services.isEmpty {
            let servers = try await StartWait(client, within: connection.patience, since: start)
                .run(Set(services.map { ExactText($0.name) }))
            let started = Set(
                try await client.servers().filter { servers.contains(ExactText($0.name)) }.map(\.location))
            // The change that lets them in is a later one.
            goals.removeAll { started.contains($0.location) }
            goals += started.sorted().map { ConfirmationWait.Goal(location: $0) }
        }
        try await ConfirmationWait(
            client, within: connection.patience, since: start, without: waiting.without
        ).run(goals)
    }
}
