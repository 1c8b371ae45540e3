import Testing
import YAML

@Suite struct YAMLDecodingTests {
    @Test(
        "a number is bare, whole and in its range",
        arguments: [
            ("80", nil), ("0x50", nil), ("abc", "f:1:4: expected a port number from 1 to 65535, found \"abc\""),
            ("0", "f:1:4: expected a port number from 1 to 65535, found 0"),
            ("65536", "f:1:4: expected a port number from 1 to 65535, found 65536"),
            ("\"80\"", "f:1:4: expected a port number from 1 to 65535, found \"80\""),
            ("8.5", "f:1:4: expected a port number from 1 to 65535, found 8.5"),
            ("[80]", "f:1:4: expected a port number from 1 to 65535, found a list"),
            ("{}", "f:1:4: expected a port number from 1 to 65535, found a mapping"),
            ("", "f:1:3: expected a port number from 1 to 65535, found nothing"),
            ("true", "f:1:4: expected a port number from 1 to 65535, found true"),
        ] as [(String, String?)])
    func integers(text: String, message: String?) throws {
        #expect(
            try failure(text) { node throws(YAMLError) in try node.integer("a port number", in: 1...65_535) } == message
        )
    }

    @Test("a message shows 40 code points of a text, and looks at no more of it", .timeLimit(.minutes(5)))
    func longText() {
        let text = "e" + String(repeating: "\u{301}", count: 2_000_000)
        let node = YAMLNode(
            .scalar(YAMLScalar(text: text, isPlain: true)), at: YAMLPosition(file: "f", line: 1, column: 1))
        // Looking each time at all of it takes many times the limit.
        for _ in 0..<20_000 where !Task.isCancelled {
            #expect(
                node.unexpected("a number").message
                    == "expected a number, found \"e" + String(repeating: "\u{301}", count: 39) + "…\"")
        }
    }

    @Test("when as many errors are there as are kept, nothing more is decoded")
    func enoughErrors() throws {
        let nodes = try YAMLDocument.parseOne(
            "[\(String(repeating: "x, ", count: 1_000))]", file: "f"
        ).sequence()
        var diagnostics = YAMLDiagnostics()
        var decoded = 0
        for node in nodes {
            _ = diagnostics.optional(node) { node throws(YAMLError) -> Int in
                decoded += 1
                return try node.integer()
            }
        }
        #expect(decoded == YAMLDiagnostics.limit)
        #expect(diagnostics.isFull)
        func message() -> String {
            decoded += 1
            return "never told"
        }
        diagnostics.report(nodes[0].position, message())
        #expect(diagnostics.errors.count == YAMLDiagnostics.limit && decoded == YAMLDiagnostics.limit)
    }

    @Test("a string that looks like something else wants quotes")
    func strings() throws {
        #expect(try failure("abc") { node throws(YAMLError) in try node.string("a name") } == nil)
        #expect(try failure("\"12\"") { node throws(YAMLError) in try node.string("a name") } == nil)
        #expect(
            try failure("12") { node throws(YAMLError) in try node.string("a name") }
                == "f:1:4: expected a name, found 12; quote it if it is meant as text")
        #expect(
            try failure("~") { node throws(YAMLError) in try node.string("a name") }
                == "f:1:4: expected a name, found nothing")
    }

    @Test("only true and false are truth values")
    func booleans() throws {
        #expect(try failure("true") { node throws(YAMLError) in try node.boolean() } == nil)
        #expect(
            try failure("yes") { node throws(YAMLError) in try node.boolean() }
                == "f:1:4: expected true or false, found \"yes\"")
        #expect(
            try failure("\"true\"") { node throws(YAMLError) in try node.boolean() }
                == "f:1:4: expected true or false, found \"true\"")
    }

    @Test("one value does for a list of one, an empty list for none")
    func oneOrMore() throws {
        let mapping = try YAMLDocument.parseOne("a: tcp\nb: [tcp, udp]\nc: []\n", file: "f").mapping()
        #expect(try mapping.required("a").oneOrMore().count == 1)
        #expect(try mapping.required("b").oneOrMore().count == 2)
        let error = #expect(throws: YAMLError.self) { try mapping.required("c").oneOrMore("a protocol") }
        #expect(error?.description == "f:3:4: expected a protocol, found an empty list")
    }

    @Test("an unknown word names the nearest one, or all")
    func choices() throws {
        let words = ["rr", "wrr", "wlc"]
        #expect(
            try failure("wcl") { node throws(YAMLError) in try node.choice(words, "scheduler") }
                == "f:1:4: unknown scheduler \"wcl\"; did you mean \"wlc\"?")
        #expect(
            try failure("maglev") { node throws(YAMLError) in try node.choice(words, "scheduler") }
                == "f:1:4: unknown scheduler \"maglev\" (rr, wrr, wlc)")
    }

    @Test("unknown keys are all reported, the rest is read all the same")
    func diagnostics() throws {
        let text = "naem: a\nport: x\ncolour: red\n"
        var diagnostics = YAMLDiagnostics()
        let node = try YAMLDocument.parseOne(text, file: "gw.yaml")
        let read = diagnostics.mapping(node, allowedKeys: ["name", "port"])
        let mapping = try #require(read)
        _ = diagnostics.required("name", of: mapping) { node throws(YAMLError) in try node.string() }
        _ = diagnostics.optional(mapping["port"]) { node throws(YAMLError) in try node.integer("a port") }
        let errors = #expect(throws: YAMLErrors.self) { try diagnostics.finish() }
        #expect(
            errors?.description == """
                gw.yaml:1:1: unknown key "naem"; did you mean "name"?
                gw.yaml:1:1: the key "name" is missing
                gw.yaml:2:7: expected a port, found "x"
                gw.yaml:3:1: unknown key "colour"; allowed here: name, port
                """)
    }

    @Test("messages show control characters as escapes and cut long text")
    func quoting() throws {
        let node = try YAMLDocument.parseOne("\"a\\u001b[31m\\n\\\"\"", file: "f")
        #expect(node.summary == "\"a\\u{1B}[31m\\n\\\"\"")
        let long = try YAMLDocument.parseOne(String(repeating: "x", count: 100), file: "f")
        #expect(long.summary == "\"" + String(repeating: "x", count: 40) + "…\"")
    }

    @Test("thousands of mistakes give a hundred messages, soon", .timeLimit(.minutes(5)))
    func manyMistakes() throws {
        let text = (0..<50_000).map { "key\($0): 1\n" }.joined()
        var diagnostics = YAMLDiagnostics()
        _ = diagnostics.mapping(try YAMLDocument.parseOne(text, file: "f"), allowedKeys: ["name", "port"])
        #expect(diagnostics.errors.count == YAMLDiagnostics.limit)
    }

    /// The message that reading `text` as the value of a key gives.
    private func failure(_ text: String, _ decode: (YAMLNode) throws(YAMLError) -> some Any) throws -> String? {
        let node = try YAMLDocument.parseOne("k: \(text)", file: "f").mapping().required("k")
        do throws(YAMLError) {
            _ = try decode(node)
            return nil
        } catch {
            return error.description
        }
    }
}
