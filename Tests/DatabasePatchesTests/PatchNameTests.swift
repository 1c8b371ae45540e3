import DatabasePatches
import Testing

@Suite("Names and headers of patches") struct PatchNameTests {
    @Test(
        "a number, a word and .sql",
        arguments: [("0042_add.sql", 42), ("1.sql", 1), ("20270131120000-x.sql", 20_270_131_120_000), ("7.x.sql", 7)])
    func names(_ file: String, _ number: Int) { #expect(PatchName(file: file)?.number == number) }

    @Test(
        "other forms are refused",
        arguments: [
            "0_x.sql", "x.sql", "42_x.SQL", "42x.sql", "42 x.sql", "1234567890123456789.sql", "1_\u{202E}.sql",
            "1_x.sql~", "",
        ])
    func others(_ file: String) { #expect(PatchName(file: file) == nil) }

    @Test("what looks like a patch must be one")
    func wanted() {
        #expect(["1_x", "a.sql", "A.SQL", "1_x.sql~"].allSatisfy { PatchName.isWanted(file: $0) })
        #expect(!["README.md", ".1_x.sql.swp", ""].contains { PatchName.isWanted(file: $0) })
    }

    @Test("a patch is meant by its number, its file, and that without .sql")
    func meant() throws {
        let name = try #require(PatchName(file: "0042_add.sql"))
        #expect(["42", "0042", "0042_add", "0042_add.sql"].allSatisfy { name.isMeant(by: $0) })
        #expect(!["4", "add", "0042_ad", ""].contains { name.isMeant(by: $0) })
    }

    @Test("two of one number, and numbers that a listing has in another order, are refused")
    func order() throws {
        let files = { (names: [String]) throws in
            try PatchFiles(
                included: 0, schema: PatchDigest(of: []),
                patches: names.map {
                    PatchFiles.Patch(name: try #require(PatchName(file: $0)), digest: PatchDigest(of: []))
                })
        }
        #expect(throws: PatchRefusal.twoOfOneNumber("01_a.sql", "1_b.sql")) {
            try files(["1_b.sql", "01_a.sql"].sorted())
        }
        #expect(throws: PatchRefusal.listedInAnotherOrder("9_a.sql", "10_b.sql")) {
            try files(["9_a.sql", "10_b.sql"])
        }
        #expect(try files(["09_a.sql", "10_b.sql"]).newest == 10)
    }

    @Test("the first line is read, and what it does not know is refused")
    func headers() throws {
        #expect(try PatchHeader.read(Array("-- portcullis: includes 0042\r\nx".utf8)) == .includes(42))
        #expect(try PatchHeader.read(Array("-- portcullis: no-transaction".utf8)) == .noTransaction)
        #expect(try PatchHeader.read(Array("-- a comment\n-- portcullis: no-transaction".utf8)) == .none)
        for text in [
            "-- portcullis:", "-- portcullis: includes", "-- portcullis: includes x", "-- portcullis: no-transaction x",
        ] {
            #expect(throws: ScriptFault.self) { try PatchHeader.read(Array(text.utf8)) }
        }
    }
}
