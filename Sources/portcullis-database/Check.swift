import ArgumentParser
import CommandLineSupport
import DatabasePatches
import Databases
import JSON
import ServiceSupport
import Text

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say where the database stands, and what to do. Changes nothing.",
        discussion: """
            Connects, and compares the history with the files. With --deep, installs schema and patches into a scratch \
            database, which is removed again, and names what differs in the real one: tables, columns, types, defaults, \
            indexes, constraints, views, functions, triggers. The user needs CREATEDB for that.

            EXIT STATUS: 0 the database has all patches, and with --deep nothing differs; 3 it lacks patches, or is empty; \
            1 something has to be put right, or it cannot be told; 64 wrong usage.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var files: FileOptions
    @Flag(help: "Compare the structure, too.") var deep = false

    /// The exit status of a database that lacks patches.
    private static let behind = ExitCode(3)

    func run() throws {
        try Report.run(connection.output) {
            let directory = try files.files(try connection.engine)
            let files = try directory.files()
            let database = try connection.open()
            defer { database.close() }
            let author = Patcher.Author(who: Person.name, version: nil, program: ProgramVersion.text)
            let patcher = Patcher(database, directory, files, author: author)
            let standing = try patcher.standing()
            let differences = deep ? try patcher.structureDifferences() : []
            if connection.output == .json {
                try Report.write(json(standing, database, differences))
            } else {
                try StandardOutput.write(text(standing, database, differences).joined(separator: "\n"))
            }
            guard differences.isEmpty else { throw ExitCode.failure }
            switch standing.word {
            case .current: break
            case .behind: throw Self.behind
            case .ahead, .trouble: throw ExitCode.failure
            }
        }
    }

    private func text(
        _ standing: DatabaseStanding, _ database: any Database, _ differences: [DatabaseStructure.Difference]
    ) -> [String] {
        let between = database.between.map { ", through \($0)" } ?? ""
        var lines = ["\(database.engine.title) \(database.version)\(between)", standing.word.rawValue]
        lines += standing.refusals.map { "  \($0)" }
        if let begun = standing.begun { lines.append("  begun: \(begun.name.file); patch completes it") }
        if standing.refusals.isEmpty { lines += standing.pending.map { "  lacks \($0.name.file)" } }
        guard deep else { return lines }
        lines.append(differences.isEmpty ? "the structure is that of the files" : "the structure differs:")
        for difference in differences {
            lines.append(
                "  \(difference.part)\(difference.found == nil ? " is missing" : difference.wanted == nil ? " is not in the files" : " differs")"
            )
            if let wanted = difference.wanted, !wanted.isEmpty { lines.append("    files:    \(wanted.printable)") }
            if let found = difference.found, !found.isEmpty { lines.append("    database: \(found.printable)") }
        }
        return lines
    }

    private func json(
        _ standing: DatabaseStanding, _ database: any Database, _ differences: [DatabaseStructure.Difference]
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "engine", value: .string(database.engine.rawValue)),
            .init(name: "version", value: .string(database.version)),
            .init(name: "between", value: database.between.map { .string($0) } ?? .null),
            .init(name: "state", value: .string(standing.word.rawValue)),
            .init(
                name: "refusals",
                value: .array(
                    standing.refusals.map { ["code": .string($0.code), "message": .string($0.description)] })),
            .init(name: "begun", value: standing.begun.map { .string($0.name.file) } ?? .null),
            .init(name: "pending", value: .array(standing.pending.map { .string($0.name.file) })),
        ]
        if deep {
            members.append(
                .init(
                    name: "differences",
                    value: .array(
                        differences.map {
                            [
                                "kind": .string($0.part.kind), "name": .string($0.part.name),
                                "files": $0.wanted.map { .string($0) } ?? .null,
                                "database": $0.found.map { .string($0) } ?? .null,
                            ]
                        })))
        }
        return .object(members)
    }
}
