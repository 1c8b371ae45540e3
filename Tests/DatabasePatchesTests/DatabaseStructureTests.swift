import DatabasePatches
import Testing

@Suite("Structures that are compared") struct DatabaseStructureTests {
    private func structure(_ parts: [(String, String, String)]) -> DatabaseStructure {
        var structure = DatabaseStructure()
        for (kind, name, definition) in parts { structure.add(kind, name, definition) }
        return structure
    }

    @Test("each difference is named, and those of a table that is not there are not")
    func differences() {
        let wanted = structure([
            ("table", "a", ""), ("column", "a.x", "integer"), ("column", "a.y", "text"), ("table", "gone", "strict"),
            ("column", "gone.x", "text"), ("column", "gone.b", ""),
        ])
        let found = structure([
            ("table", "a", ""), ("column", "a.x", "bigint"), ("column", "a.z", "text"), ("table", "new", ""),
            ("index", "new.i", "x"),
        ])
        let names = wanted.differences(in: found).map { "\($0.part): \($0.wanted ?? "–") \($0.found ?? "–")" }
        #expect(
            names == [
                "column a.x: integer bigint", "column a.y: text –", "column a.z: – text",
                "table gone: (b, x text) strict –",
                "table new: – ",
            ])
        #expect(wanted.differences(in: wanted).isEmpty)
    }
}
