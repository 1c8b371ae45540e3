import DatabasePatches
import Testing

@Suite("Plans") struct PatchPlanTests {
    private func patch(_ number: Int, _ text: String = "") throws -> PatchFiles.Patch {
        let digits = String(repeating: "0", count: 4 - "\(number)".utf8.count) + "\(number)"
        return PatchFiles.Patch(
            name: try #require(PatchName(file: "\(digits)_x.sql")),
            digest: PatchDigest(of: Array("\(number)\(text)".utf8)))
    }

    private func files(_ numbers: [Int], included: Int = 0) throws -> PatchFiles {
        try PatchFiles(included: included, schema: PatchDigest(of: []), patches: numbers.map { try patch($0) })
    }

    private func row(_ number: Int, _ state: HistoryRow.State = .applied, text: String = "") throws -> HistoryRow {
        let patch = try patch(number, text)
        return HistoryRow(number: number, name: patch.name.file, state: state, digest: patch.digest)
    }

    private func floor(_ number: Int) -> HistoryRow {
        HistoryRow(number: number, name: "schema", state: .installed, digest: PatchDigest(of: []))
    }

    private func standing(_ rows: [HistoryRow], _ files: PatchFiles) -> DatabaseStanding {
        DatabaseStanding(of: .history(rows), against: files)
    }

    private func codes(_ standing: DatabaseStanding) -> [String] { standing.refusals.map(\.code) }

    @Test("what the history lacks is applied in the order of the numbers")
    func pending() throws {
        let files = try files([4, 1, 3, 2])
        let standing = try standing([floor(0), row(1), row(2)], files)
        #expect(standing.word == .behind)
        #expect(try PatchPlan.patch(standing, files, to: nil).patches.map(\.name.number) == [3, 4])
        #expect(try PatchPlan.patch(standing, files, to: "3").patches.map(\.name.number) == [3])
        #expect(try PatchPlan.patch(standing, files, to: "0002_x").steps.isEmpty)
        #expect(throws: PatchRefusal.appliedAlready("0001_x.sql")) { try PatchPlan.patch(standing, files, to: "1") }
        #expect(throws: PatchRefusal.noSuchPatch("9")) { try PatchPlan.patch(standing, files, to: "9") }
    }

    @Test("all applied is current")
    func current() throws {
        #expect(standing(try [floor(0), row(1)], try files([1])).word == .current)
        #expect(standing([floor(0)], try files([])).word == .current)
    }

    @Test("changed, late and missing patches are refused, each by its name")
    func refusals() throws {
        let files = try files([1, 2, 4])
        #expect(codes(standing(try [row(1, text: "other"), row(2), row(4)], files)) == ["changed"])
        #expect(codes(standing(try [row(1), row(4)], files)) == ["late"])
        #expect(codes(standing(try [row(1), row(2), row(3), row(4)], files)) == ["missing"])
        let all = standing(try [row(1, text: "other"), row(3), row(4)], files)
        #expect(Set(codes(all)) == ["changed", "missing", "late"] && all.word == .trouble)
    }

    @Test("a database that has what no file knows is ahead")
    func ahead() throws {
        let standing = standing(try [row(1), row(2), row(3)], try files([1]))
        #expect(standing.word == .ahead)
        #expect(standing.refusals.first?.description.contains("0002_x.sql, 0003_x.sql") == true)
        #expect(self.standing([floor(7)], try files([1])).word != .current)
    }

    @Test("patches that the schema has in it may be gone, and are not applied after its installation")
    func included() throws {
        #expect(standing(try [row(1), row(2), row(3)], try files([3], included: 2)).word == .current)
        let files = try files([1, 2, 3], included: 2)
        let plan = try PatchPlan.install(DatabaseStanding(of: .empty, against: files), files)
        #expect(plan.patches.map(\.name.number) == [3])
        guard case .install(let rows) = plan.steps[0] else {
            Issue.record("the schema comes first")
            return
        }
        #expect(rows.map(\.state) == [.installed, .included, .included] && rows.map(\.number) == [2, 1, 2])
    }

    @Test("a schema includes 0, a file, or one that is older than all files")
    func includedFile() throws {
        for (numbers, included) in [([], 0), ([1, 2], 0), ([1, 2], 1), ([1, 2], 2), ([5, 6], 4), ([5], 1)] {
            #expect(try files(numbers, included: included).included == included)
        }
        #expect(throws: PatchRefusal.includesNoFile(1, newest: nil)) { try files([], included: 1) }
        #expect(throws: PatchRefusal.includesNoFile(20, newest: "0002_x.sql")) { try files([1, 2], included: 20) }
        #expect(throws: PatchRefusal.includesNoFile(2, newest: "0003_x.sql")) { try files([1, 3], included: 2) }
    }

    @Test("one that was begun comes first, unless its text is another one or gone")
    func begun() throws {
        let files = try files([1, 2, 3])
        let standing = standing(try [row(1), row(2, .begun)], files)
        #expect(standing.word == .behind)
        #expect(try PatchPlan.patch(standing, files, to: nil).steps == [.resume(try patch(2)), .apply(try patch(3))])
        #expect(try PatchPlan.patch(standing, files, to: "2").steps == [.resume(try patch(2))])
        #expect(codes(self.standing(try [row(1), row(2, .begun, text: "other")], files)) == ["half-way"])
        #expect(codes(self.standing(try [row(1), row(2, .begun)], try self.files([1, 3]))) == ["half-way"])
    }

    @Test("install and baseline refuse the wrong database")
    func databases() throws {
        let files = try files([1, 2], included: 1)
        let unknown = DatabaseStanding(of: .withoutHistory, against: files)
        let empty = DatabaseStanding(of: .empty, against: files)
        let known = standing(try [floor(1), row(1, .included)], files)
        #expect(empty.word == .behind && unknown.word == .trouble)
        #expect(throws: PatchRefusal.notInstalled) { try PatchPlan.patch(empty, files, to: nil) }
        #expect(throws: PatchRefusal.withoutHistory) { try PatchPlan.patch(unknown, files, to: nil) }
        #expect(throws: PatchRefusal.notEmpty) { try PatchPlan.install(unknown, files) }
        #expect(throws: PatchRefusal.installedAlready(floor(1), pending: 1)) { try PatchPlan.install(known, files) }
        #expect(throws: PatchRefusal.baselineOfEmpty) { try PatchPlan.baseline(empty, files, at: "1") }
        #expect(throws: PatchRefusal.hasHistory(floor(1))) { try PatchPlan.baseline(known, files, at: "1") }
        guard case .record(let rows) = try PatchPlan.baseline(unknown, files, at: "0002").steps.first else {
            Issue.record("rows alone")
            return
        }
        #expect(rows.map(\.state) == [.baseline, .included, .included])
    }

    @Test("the changed text of what is applied is accepted, and nothing else is done")
    func accepted() throws {
        let files = try files([1, 2, 3, 4])
        let rows = try [
            floor(0), row(1, text: "other"), row(2, .included, text: "other"), row(3, .begun, text: "other"),
        ]
        let standing = standing(rows, files)
        let plan = try PatchPlan.accept(standing, files, "0001_x")
        #expect(plan.steps == [.accept(try patch(1), rows[1])] && plan.patches.isEmpty)
        #expect(try PatchPlan.accept(standing, files, "2").steps == [.accept(try patch(2), rows[2])])
        for (name, file) in [("3", "0003_x.sql"), ("4", "0004_x.sql")] {
            #expect(throws: PatchRefusal.notApplied(file)) { try PatchPlan.accept(standing, files, name) }
        }
        #expect(throws: PatchRefusal.noSuchPatch("9")) { try PatchPlan.accept(standing, files, "9") }
        #expect(throws: PatchRefusal.notInstalled) {
            try PatchPlan.accept(DatabaseStanding(of: .empty, against: files), files, "1")
        }
        #expect(throws: PatchRefusal.withoutHistory) {
            try PatchPlan.accept(DatabaseStanding(of: .withoutHistory, against: files), files, "1")
        }
        let unchanged = self.standing(try [row(1)], files)
        #expect(try PatchPlan.accept(unchanged, files, "1").steps.isEmpty)
    }

    @Test("a history of a newer program is left alone")
    func newer() throws {
        let files = try files([1])
        let standing = DatabaseStanding(of: .newer(format: 2, program: "9"), against: files)
        #expect(standing.word == .trouble)
        #expect(throws: PatchRefusal.newerProgram(format: 2, program: "9")) {
            try PatchPlan.patch(standing, files, to: nil)
        }
        #expect(throws: PatchRefusal.newerProgram(format: 2, program: "9")) { try PatchPlan.install(standing, files) }
    }

    @Test("ten thousand patches are planned at once")
    func many() throws {
        let names = try (1...10_000).map { number in
            PatchFiles.Patch(
                name: try #require(PatchName(file: "\(100_000 + number)_x.sql")),
                digest: PatchDigest(stored: "\(number)"))
        }
        let files = try PatchFiles(included: 0, schema: PatchDigest(of: []), patches: names)
        let rows = names.prefix(5_000).map {
            HistoryRow(number: $0.name.number, name: $0.name.file, state: .applied, digest: $0.digest)
        }
        #expect(try PatchPlan.patch(standing(rows, files), files, to: nil).steps.count == 5_000)
    }
}
