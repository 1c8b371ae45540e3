package import DatabasePatches
import Text

/// Brings a database to what the files of a version say.
package struct Patcher {
    private let database: any Database
    private let directory: PatchDirectory
    private let files: PatchFiles
    private let author: Author

    /// Who patches, for the history.
    package struct Author: Sendable {
        package let who: String
        /// The version that the files are of.
        package let version: String?
        /// The version of the program.
        package let program: String

        package init(who: String, version: String?, program: String) {
            self.who = who
            self.version = version
            self.program = program
        }
    }

    package init(_ database: any Database, _ directory: PatchDirectory, _ files: PatchFiles, author: Author) {
        self.database = database
        self.directory = directory
        self.files = files
        self.author = author
    }

    /// Where the database stands.
    package func standing() throws(DatabaseError) -> DatabaseStanding {
        DatabaseStanding(of: try database.content(), against: files)
    }

    private func installation() throws(DatabaseError) -> PatchPlan {
        let standing = try standing()
        do throws(PatchRefusal) { return try PatchPlan.install(standing, files) } catch { throw DatabaseError(error) }
    }

    /// Looks through the files that a plan carries out, so that none is refused after others were applied. Cost: reads
    /// them.
    package func lookThrough(_ plan: PatchPlan) throws(DatabaseError) {
        for step in plan.steps {
            switch step {
            case .install: try schema()
            case .apply(let patch), .resume(let patch), .accept(let patch, _): _ = try directory.script(patch)
            case .record: break
            }
        }
    }

    /// Carries out a plan that was made under the lock.
    /// - Parameter done: gets each step that is done, and how long it took, in milliseconds.
    package func carryOut(
        _ plan: PatchPlan, done: (PatchPlan.Step, Int) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        for step in plan.steps { try done(step, try carryOut(step)) }
    }

    private func carryOut(_ step: PatchPlan.Step) throws(DatabaseError) -> Int {
        switch step {
        case .install(let rows): return try database.apply(try schema(), file: directory.schema, rows: rows.map(signed))
        case .record(let rows):
            try database.record(rows.map(signed))
            return 0
        case .accept(let patch, let row):
            try database.accept(
                Acceptance(
                    number: row.number, name: patch.name.file, before: row.digest, accepted: patch.digest,
                    who: author.who, version: author.version, program: author.program))
            return 0
        case .apply(let patch): return try apply(patch, isAgain: false)
        case .resume(let patch): return try apply(patch, isAgain: true)
        }
    }

    @discardableResult private func schema() throws(DatabaseError) -> PatchScript {
        try directory.script(ofSchema: files.schema)
    }

    private func apply(_ patch: PatchFiles.Patch, isAgain: Bool) throws(DatabaseError) -> Int {
        let script = try directory.script(patch)
        let row = signed(
            HistoryRow(number: patch.name.number, name: patch.name.file, state: .applied, digest: patch.digest))
        guard script.header == .noTransaction else {
            return try database.apply(script, file: patch.name.file, rows: [row])
        }
        return try database.applyOutside(script, file: patch.name.file, row: row, isAgain: isAgain)
    }

    private func signed(_ row: HistoryRow) -> HistoryRow {
        var row = row
        row.who = author.who
        row.version = author.version
        row.program = author.program
        row.run = String(UInt64.random(in: 0 ... .max), radix: 16)
        return row
    }

    /// Compares the structure of the database with what the files make, in a scratch database: the schema, and those
    /// later patches that the database has.
    package func structureDifferences() throws(DatabaseError) -> [DatabaseStructure.Difference] {
        let standing = try standing()
        let absent = Set(standing.content.hasHistory ? standing.pending.map(\.name.number) : [])
        if let first = standing.pending.first, absent.contains(first.name.number), first.name.number <= files.included {
            throw DatabaseError(
                .file,
                "the database lacks \(first.name.file.printable), which the schema has in it: patch first, then "
                    + "compare")
        }
        let scratch = try database.scratch()
        defer { scratch.close() }
        let patcher = Patcher(scratch, directory, files, author: author)
        try scratch.lock()
        do throws(DatabaseError) {
            for step in try patcher.installation().steps {
                if case .apply(let patch) = step, absent.contains(patch.name.number) { continue }
                _ = try patcher.carryOut(step)
            }
        } catch {
            throw error.adding(["(in the scratch database, which is gone again)"])
        }
        return try scratch.structure().differences(in: try database.structure())
    }
}

extension DatabaseStanding.Content {
    /// Whether the database has a history.
    fileprivate var hasHistory: Bool {
        if case .history = self { return true }
        return false
    }
}
