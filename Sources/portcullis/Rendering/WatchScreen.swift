import AdminAPI
import CommandLineSupport
import JSON
import Text

/// A list that is shown again and again: drawn anew at a terminal, elsewhere continued with the rows that differ.
struct WatchScreen<Row: Described & Hashable> {
    let options: TableOptions
    let listing: Listing<Row>
    private var known: [Row]?
    /// The first table, whose columns later rows continue.
    private var first: Table?
    /// What the lines of a continued table have said.
    private var shown = ShownRows()

    init(options: TableOptions, listing: Listing<Row>) {
        self.options = options
        self.listing = listing
    }

    mutating func show(_ rows: [Row]) async throws {
        defer { known = rows }
        let isTable = [.table, .wide].contains(options.output.output)
        if isTable, StandardOutput.isTerminal { return try StandardOutput.write(try await screen(rows)) }
        guard let known else {
            let table = try await listing.table(rows, options.isWide)
            first = table
            _ = shown.take(rows.map(listing.name), table)
            if isTable { return try StandardOutput.write(options.text(table)) }
            return try rows.forEach { try write($0, isGone: false) }
        }
        let before = Dictionary(known.map { (ExactText(listing.name($0)), listing.settled($0)) }) { $1 }
        let names = Set(rows.map { ExactText(listing.name($0)) })
        let changed = rows.filter { before[ExactText(listing.name($0))] != listing.settled($0) }
        let gone = known.filter { !names.contains(ExactText(listing.name($0))) }
        if isTable {
            // What has changed may be shown in no column.
            let table = shown.take(changed.map(listing.name), try await listing.table(changed, options.isWide))
            if !table.rows.isEmpty { try StandardOutput.write(table.body(indent: "", continuing: first)) }
            shown.forget(gone.map(listing.name))
            if !gone.isEmpty {
                try StandardOutput.write(
                    try await lines(gone).splitBytes("\n").map { "\($0)  (removed)" }.joined(separator: "\n"))
            }
        } else {
            try changed.forEach { try write($0, isGone: false) }
            try gone.forEach { try write($0, isGone: true) }
        }
    }

    private func lines(_ rows: [Row]) async throws -> String {
        try await listing.table(rows, options.isWide).body(indent: "", continuing: first)
    }

    /// The screen as it is drawn: cleared, then as many rows as it has lines.
    private func screen(_ rows: [Row]) async throws -> String {
        let text = options.text(try await listing.table(rows, options.isWide), notes: try await listing.notes(rows))
        var lines = text.splitBytes("\n").map(String.init)
        if let height = StandardOutput.terminalSize?.lines, lines.count > height - 1 {
            let left = lines.count - max(height - 2, 1)
            lines = lines.prefix(max(height - 2, 1)) + ["… \(left) more lines"]
        }
        return "\u{1B}[H\u{1B}[2J" + lines.joined(separator: "\n")
    }

    /// A row for programs. One that is gone has the member `removed`.
    private func write(_ row: Row, isGone: Bool) throws {
        var json = row.json
        if isGone, case .object(let members) = json {
            json = .object(members + [.init(name: "removed", value: .bool(true))])
        }
        switch options.output.output {
        case .json: try StandardOutput.write(JSONText.line(json))
        case .yaml: try StandardOutput.write("---\n" + YAMLText.text(json))
        case .name: try StandardOutput.write(try ResultNames.lines(json) + (isGone ? "  (removed)" : ""))
        case .table, .wide: break
        }
    }
}
