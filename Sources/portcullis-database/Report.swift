import ArgumentParser
import CommandLineSupport
import DatabasePatches
import Databases
import JSON

/// Prints results, and errors in the form that was asked for.
enum Report {
    /// Does what a command is for. With JSON, an error is a document on standard output, too.
    static func run(_ output: OutputFormat, _ body: () throws -> Void) throws {
        do { try body() } catch let error as DatabaseError {
            guard output == .json else { throw error }
            try write(["error": json(error)])
            throw ExitCode.failure
        }
    }

    static func write(_ value: JSONValue) throws {
        try StandardOutput.write(try JSONIndenter.indented(Array("\(value)".utf8)))
        try StandardOutput.write("\n")
    }

    static func json(_ error: DatabaseError) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "code", value: .string(error.refusal?.code ?? error.code.rawValue)),
            .init(name: "message", value: .string(error.message)),
            .init(name: "more", value: .array(error.more.map { .string($0) })),
        ]
        if let place = error.place {
            members.append(.init(name: "file", value: .string(place.file)))
            members.append(.init(name: "line", value: .integer(place.line)))
            members.append(.init(name: "column", value: .integer(place.column)))
        }
        if let state = error.state { members.append(.init(name: "state", value: .string(state))) }
        return .object(members)
    }

    static func json(_ row: HistoryRow) -> JSONValue {
        [
            "number": .integer(row.number), "name": .string(row.name), "state": .string(row.state.rawValue),
            "digest": .string(row.digest.description), "duration_ms": row.duration.map { .integer($0) } ?? .null,
            "time": .string(row.time), "who": .string(row.who), "version": row.version.map { .string($0) } ?? .null,
            "program": .string(row.program),
        ]
    }

    static func json(_ acceptance: Acceptance) -> JSONValue {
        [
            "number": .integer(acceptance.number), "name": .string(acceptance.name),
            "before": .string(acceptance.before.description), "accepted": .string(acceptance.accepted.description),
            "time": .string(acceptance.time), "who": .string(acceptance.who),
            "version": acceptance.version.map { .string($0) } ?? .null, "program": .string(acceptance.program),
        ]
    }
}

extension PatchPlan.Step {
    /// What the step does, for people.
    var text: String {
        switch self {
        case .install(let rows): "install the schema, which has \(Self.count(rows.count - 1)) in it"
        case .accept(let patch, let row):
            "accept the text of \(patch.name.file), \(patch.digest) in place of \(row.digest)"
        case .record(let rows): "note that the database has \(Self.count(rows.count - 1))"
        case .apply(let patch): "apply \(patch.name.file)"
        case .resume(let patch): "apply \(patch.name.file) again, which was begun"
        }
    }

    /// What people see before the step is done; `nil`: nothing.
    var announcement: String? {
        guard case .accept(let patch, let row) = self else { return nil }
        return """
            \(patch.name.file): \(row.shown)
              history: \(row.digest)
              file:    \(patch.digest)
            """
    }

    private static func count(_ number: Int) -> String { number == 1 ? "1 patch" : "\(number) patches" }
}
