import ArgumentParser
import CommandLineSupport
import DatabasePatches
import Databases
import JSON

/// What `install`, `patch`, `baseline` and `accept` have in common: a plan is made under the lock, shown or carried out.
struct Work {
    let connection: ConnectionOptions
    let files: FileOptions
    let author: AuthorOptions
    var isPlan = false
    var isMade = false

    func run(_ plan: @escaping (DatabaseStanding, PatchFiles) throws(PatchRefusal) -> PatchPlan) throws {
        try Report.run(connection.output) {
            let directory = try files.files(try connection.engine)
            let files = try directory.files()
            let database = try connection.open(author.options, isMade: isMade && !isPlan)
            defer { database.close() }
            let patcher = Patcher(database, directory, files, author: author.author)
            if !isPlan { try database.lock() }
            let made: PatchPlan
            do { made = try plan(try patcher.standing(), files) } catch let refusal as PatchRefusal {
                throw DatabaseError(refusal)
            }
            try patcher.lookThrough(made)
            if isPlan { try show(made) } else { try carryOut(made, patcher) }
        }
    }

    private func show(_ plan: PatchPlan) throws {
        if connection.output == .json {
            return try Report.write(["plan": .array(plan.steps.map { .string($0.text) })])
        }
        try StandardOutput.write(
            plan.steps.isEmpty ? "nothing to do" : plan.steps.map { $0.announcement ?? $0.text }.joined(separator: "\n")
        )
    }

    private func carryOut(_ plan: PatchPlan, _ patcher: Patcher) throws {
        if connection.output == .text {
            for text in plan.steps.compactMap(\.announcement) { try StandardOutput.write(text) }
        }
        var done: [JSONValue] = []
        var failure: (any Error)?
        do {
            try patcher.carryOut(plan) { (step, duration) in
                done.append(["step": .string(step.text), "duration_ms": .integer(duration)])
                guard connection.output == .text else { return }
                // Standard output that is gone must not keep the rest from being done.
                _ = try? StandardOutput.write("\(step.text): done in \(duration) ms")
            }
        } catch {
            failure = error
        }
        if connection.output == .json {
            var members: [JSONValue.Member] = [.init(name: "done", value: .array(done))]
            if let error = failure as? DatabaseError {
                members.append(.init(name: "error", value: Report.json(error)))
            }
            try Report.write(.object(members))
            if failure != nil { throw ExitCode.failure }
        }
        if let failure { throw failure }
        if connection.output == .text, plan.steps.isEmpty { try StandardOutput.write("nothing to do") }
    }
}
