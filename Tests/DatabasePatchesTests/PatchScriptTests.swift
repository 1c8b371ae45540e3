import DatabasePatches
import Testing

@Suite("Files with SQL") struct PatchScriptTests {
    private func statements(_ text: String, _ engine: DatabaseEngine = .postgresql) throws -> [String] {
        let script = try PatchScript(Array(text.utf8), engine)
        return script.statements.map { String(decoding: script.bytes[$0], as: UTF8.self) }
    }

    private func fault(_ text: String, _ engine: DatabaseEngine = .postgresql) -> ScriptFault? {
        do throws(ScriptFault) {
            _ = try PatchScript(Array(text.utf8), engine)
            return nil
        } catch {
            return error
        }
    }

    @Test("statements end at semicolons outside quotes, comments and parentheses")
    func semicolons() throws {
        #expect(
            try statements("SELECT 1;;  -- a; b\n SELECT ';' ; SELECT \"a;b\"") == [
                "SELECT 1", "SELECT ';' ", "SELECT \"a;b\"",
            ])
        #expect(try statements("/* a; /* b */ c; */ SELECT $$;$$; SELECT $a$ $$;$b$ $a$").count == 2)
        #expect(try statements("SELECT E'\\';'; SELECT '\\'; SELECT 1").count == 3)
        #expect(try statements("CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2); SELECT 1").count == 2)
        #expect(try statements("SELECT $1; SELECT a$b$; SELECT 1e5").count == 3)
    }

    @Test("a function's body of SQL is a part of its statement")
    func atomic() throws {
        let body = "BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END"
        #expect(try statements("CREATE OR REPLACE FUNCTION f() RETURNS int \(body); SELECT 1").count == 2)
        #expect(try statements("CREATE PROCEDURE p() \(body); SELECT 1").count == 2)
    }

    @Test("a trigger of SQLite is one statement")
    func triggers() throws {
        let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; SELECT 1; END"
        #expect(try statements("\(trigger); SELECT [a;b], `c;d`;", .sqlite) == [trigger, "SELECT [a;b], `c;d`"])
    }

    @Test(
        "commands of psql are refused where they stand",
        arguments: [("SELECT 1;\n\\i x", 10), ("\\set a b", 0), ("SELECT 1 \\gexec", 9)])
    func metaCommands(_ text: String, _ offset: Int) {
        #expect(fault(text)?.offset == offset)
        #expect(fault(text)?.message.contains("command of psql") == true)
    }

    @Test("commands of the sqlite3 shell are refused, a number with a point in front is none")
    func dotCommands() {
        #expect(fault("SELECT 1;\n.read x", .sqlite)?.offset == 10)
        #expect(fault("SELECT .5", .sqlite) == nil)
    }

    @Test("COPY from and to the client is refused, from a file of the server it is not")
    func copies() {
        #expect(fault("COPY t (a, b) FROM stdin;")?.offset == 0)
        #expect(fault("copy (SELECT 1) TO STDOUT")?.offset == 0)
        #expect(fault("COPY t FROM '/tmp/x'") == nil)
    }

    @Test(
        "what ends or begins a transaction is refused",
        arguments: [
            "BEGIN", "start transaction", "COMMIT", "END", "ROLLBACK", "ROLLBACK AND CHAIN", "ABORT",
            "PREPARE TRANSACTION 'x'",
        ])
    func transactions(_ statement: String) {
        #expect(fault("SELECT 1; \(statement);")?.offset == 10)
        #expect(fault("SELECT 1; \(statement);", .sqlite)?.offset == 10)
    }

    @Test(
        "savepoints, prepared statements and words inside are not",
        arguments: [
            "SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK TO SAVEPOINT a", "ROLLBACK WORK TO a", "PREPARE q AS SELECT 1",
            "SELECT 'COMMIT'", "DO $$ BEGIN NULL; END $$",
        ])
    func savepoints(_ statement: String) { #expect(fault(statement) == nil) }

    @Test("a patch without a transaction is one statement that may run twice")
    func outside() throws {
        let head = "-- portcullis: no-transaction\n"
        #expect(fault(head) != nil)
        #expect(fault("\(head)VACUUM; VACUUM")?.offset == 38)
        #expect(fault("\(head)CREATE INDEX CONCURRENTLY i ON t (a)")?.message.contains("IF NOT EXISTS") == true)
        #expect(fault("\(head)DROP INDEX CONCURRENTLY i")?.message.contains("IF EXISTS") == true)
        #expect(fault("\(head)ALTER TYPE s ADD VALUE IF NOT EXISTS 'x'") == nil)
        #expect(fault("\(head)REINDEX TABLE CONCURRENTLY t") == nil)
        let text = "\(head)CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS My_Index ON ONLY s.\"T\" USING btree (a);"
        let script = try PatchScript(Array(text.utf8), .postgresql)
        #expect(script.header == .noTransaction && script.isConcurrent)
        #expect(script.index?.name == "my_index" && script.index?.table == "\"s\".\"T\"")
    }

    @Test(
        "a file without a statement is refused, whatever else is in it",
        arguments: ["", " \n\t\r\n", "-- a comment", "/* a; */\n", ";;", "-- portcullis: includes 0\n"])
    func empty(_ text: String) {
        for engine in [DatabaseEngine.postgresql, .sqlite] {
            #expect(fault(text, engine)?.offset == 0)
            #expect(fault(text, engine)?.message.contains("no statement") == true)
        }
        #expect(fault("-- portcullis: includes 0\nSELECT 1") == nil)
    }

    @Test("what is no text is refused where that begins")
    func bytes() {
        for (bytes, offset) in [([0x61, 0x00], 1), ([0x61, 0xC3, 0x28], 1), ([0xEF, 0xBB, 0xBF, 0x61], 0)]
            as [([UInt8], Int)]
        {
            do throws(ScriptFault) {
                _ = try PatchScript(bytes, .postgresql)
                Issue.record("accepted")
            } catch {
                #expect(error.offset == offset)
            }
        }
    }

    @Test("what is not closed is refused where it was opened", arguments: ["'a", "\"a", "/* /* */", "$a$ $$", "E'\\'"])
    func unclosed(_ text: String) { #expect(fault("SELECT 1, \(text)")?.offset == (text.utf8.first == 0x45 ? 11 : 10)) }

    @Test("what is sent at once is whole statements")
    func batches() throws {
        let statement = "INSERT INTO t VALUES ('\(String(repeating: "x", count: 100_000))');\n"
        let script = try PatchScript(Array(String(repeating: statement, count: 5).utf8), .postgresql)
        #expect(script.batches.count == 3)
        #expect(script.batches.first?.lowerBound == 0 && script.batches.last?.upperBound == script.bytes.count - 2)
    }

    @Test("a place is told by line, column in code points, and what is around it")
    func places() {
        let bytes = Array("a\nä€ x\n".utf8)
        let place = ScriptPlace(offset: 8, in: bytes)
        #expect((place.line, place.column, place.excerpt) == (2, 4, "  2 | ä€ x\n    |    ^"))
        #expect(ScriptPlace.offset(ofCodePoint: 4, in: bytes[2...]) == 6)
        let long = ScriptPlace(offset: 500, in: [UInt8](repeating: 0x61, count: 1_000))
        #expect(long.column == 501 && long.excerpt.utf8.count < 300)
    }
}
