import AdminAPI
import ArgumentParser
import CommandLineSupport
import Text

/// Options of subcommands that change the export: whether they wait until the change is in force.
struct WaitOptions: ParsableArguments {
    @Flag(
        help: """
            Wait until every gateway of the locations concerned has confirmed the change; the exit code is 1 when one \
            has not by --timeout, or holds the change back.
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
    func check(_ client: AdminResources) async throws {
        guard !without.isEmpty else { return }
        let known = Set(try await client.gateways().map { ExactText($0.name) })
        guard let wrong = without.first(where: { !known.contains(ExactText($0)) }) else { return }
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

    /// Shows what was changed, and waits for the gateways if that was asked for. If nothing was changed, it waits until
    /// what there is has been confirmed everywhere.
    ///
    /// - Parameter places: where the parts of the request are in the operator's files.
    func finish(_ report: ChangeReport, _ client: AdminResources, places: SourceMap = SourceMap()) async throws {
        try change.finish(report, places: places)
        guard waiting.wait, !change.dryRun else { return }
        let locations =
            report.isEmpty ? try await client.locations().map(\.name) : report.export.map(\.location)
        let wait = ConfirmationWait(client, within: connection.patience, without: waiting.without)
        try await wait.run(locations.map { .init(location: $0, generation: report.generation) })
    }
}
