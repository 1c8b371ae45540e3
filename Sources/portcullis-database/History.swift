import ArgumentParser
import CommandLineSupport
import DatabasePatches
import Databases
import JSON
import Text

struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what was done to the database.",
        discussion: """
            STATE: applied; included, the schema had it in it, or it was before the baseline; begun, of a patch without a \
            transaction, its end is not known; installed and baseline stand for the schema and the baseline themselves. Below the table: which changed texts of patches were accepted, when and by whom.
            """)

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try Report.run(connection.output) {
            let database = try connection.open()
            defer { database.close() }
            let rows: [HistoryRow]
            switch try database.content() {
            case .history(let found): rows = found
            case .newer(let format, let program):
                throw DatabaseError(.newerProgram(format: format, program: program))
            case .empty, .withoutHistory: rows = []
            }
            let accepted = rows.isEmpty ? [] : try database.acceptances()
            if connection.output == .json {
                return try Report.write([
                    "history": .array(rows.map { Report.json($0) }),
                    "accepted": .array(accepted.map { Report.json($0) }),
                ])
            }
            guard !rows.isEmpty else { return StandardError.write("The database has no history.") }
            let table = Table(
                ["NUMBER", "NAME", "STATE", "TIME", Table.Column("MS", .right), "VERSION", "WHO"],
                rows.map {
                    [
                        "\($0.number)", $0.name, $0.state.rawValue, $0.time, $0.duration.map { "\($0)" } ?? "–",
                        $0.version ?? "–", $0.who,
                    ]
                })
            try StandardOutput.write(table.text)
            for one in accepted {
                try StandardOutput.write(
                    "\(one.name.printable): text accepted at \(one.time.printable) by \(one.who.printable): "
                        + "\(one.accepted) in place of \(one.before)")
            }
        }
    }
}
