import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

/// Options of subcommands that list resources of which there may be many.
struct ListOptions: ParsableArguments {
    @OptionGroup var table: TableOptions

    @Option(help: ArgumentHelp("The order; with - before it, the reverse: --sort=-name.", valueName: "column"))
    var sort: String?

    @Option(help: "List at most this many; of rollouts, jobs and notices the newest, the newest first.")
    var limit: Int?

    @Flag(
        name: .shortAndLong,
        help: """
            Go on until Ctrl-C: at a terminal the table is drawn anew when it changes; elsewhere changed rows are \
            appended, and with --output json an object for each, one a line.
            """)
    var watch = false

    func validate() throws {
        if let limit, !(1...Limits.page).contains(limit) {
            throw ValidationError("--limit: \(limit) is not in 1-\(Limits.page)")
        }
    }

    /// The query, with the filters that were given.
    ///
    /// - Parameter order: the order of a list that becomes longer with time: of such a list, a limit leaves the newest.
    func query(_ filters: KeyValuePairs<String, String?>, inTime order: String? = nil) -> [(String, String)] {
        let newest = limit == nil ? nil : order.map { "-\($0)" }
        let all =
            filters.map { ($0.key, $0.value) } + [
                (QueryParameter.sort, sort ?? newest), (QueryParameter.limit, limit.map(String.init)),
            ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    /// Shows a list, once or for as long as it is watched.
    func show<Row: Described & Hashable>(_ listing: Listing<Row>, _ client: AdminResources) async throws {
        guard watch else {
            let rows = try await listing.selection(try await client.value(listing.request))
            return try table.show(
                rows, try await listing.table(rows, table.isWide), notes: try await listing.notes(rows))
        }
        var screen = WatchScreen(options: table, listing: listing)
        var list = WatchedList(listing)
        while true {
            guard let rows = try await list.next(client) else { continue }
            try await screen.show(rows)
        }
    }
}

/// A list of resources, and how it is shown.
struct Listing<Row: Described & Hashable>: Sendable {
    let request: AdminRequest
    /// The name of a row, by which it is found again.
    let name: @Sendable (Row) -> String
    /// A row without what changes all the time.
    var settled: @Sendable (Row) -> Row = { $0 }
    let table: @Sendable ([Row], _ isWide: Bool) async throws -> Table
    /// What follows the table for people.
    var notes: @Sendable ([Row]) async throws -> String = { _ in "" }
    /// Which of the rows are shown, where ADMIN does not filter them; not of a list that is watched.
    var selection: @Sendable ([Row]) async throws -> [Row] = { $0 }
}
