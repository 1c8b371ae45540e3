import Testing
import YAML

@Suite struct YAMLDocumentTests {
    @Test("values keep their places, lines and columns from 1, columns in characters")
    func positions() throws {
        let node = try YAMLDocument.parseOne("# first\ntype: pgw\nliste:\n  - é: [a, b]\n", file: "pgw.yaml")
        let mapping = try node.mapping()
        #expect(node.position.description == "pgw.yaml:2:1")
        #expect(mapping["type"]?.position.description == "pgw.yaml:2:7")
        #expect(mapping.keyPosition("liste").description == "pgw.yaml:3:1")
        let inner = try #require(mapping["liste"]?.sequence().first).mapping()
        #expect(inner.position.description == "pgw.yaml:4:5")
        #expect(try inner["é"]?.sequence()[1].position.description == "pgw.yaml:4:12")
    }

    @Test("a stream has as many documents as it says, an empty one none")
    func documents() throws {
        for (text, count) in [("", 0), ("# nothing\n", 0), ("a: 1\n", 1), ("a: 1\n---\nb: 2\n", 2), ("---\n---\n", 2)] {
            #expect(try YAMLDocument.parse(text, file: "f").count == count)
        }
        #expect(failure("") { try YAMLDocument.parseOne($0, file: "f") } == "f:1:1: the file is empty")
        #expect(
            failure("a: 1\n---\nb: 2\n") { try YAMLDocument.parseOne($0, file: "f") }
                == "f:3:1: a second document; this file must have one")
    }

    @Test("a second key of the same name is refused with the place of the first")
    func duplicateKeys() {
        #expect(failure("a: 1\nb: 2\na: 3\n") == "f:3:1: the key \"a\" is there already, at 1:1")
        #expect(failure("{80: 1, \"80\": 2}") == "f:1:9: the key \"80\" is there already, at 1:2")
        #expect(failure("- a: {x: 1}\n- a: {x: 1}\n") == nil)
    }

    @Test("an alias stands for the value of its anchor, at the place of that value")
    func aliases() throws {
        let mapping = try YAMLDocument.parseOne("a: &ports [80, 443]\nb: *ports\n", file: "f").mapping()
        let copy = try mapping.required("b")
        #expect(copy.hasSameValue(as: try mapping.required("a")))
        #expect(copy.position.description == "f:1:4")
        #expect(failure("a: *nobody") == "f:1:4: no anchor &nobody before the alias *nobody")
        #expect(failure("a: &x [*x]") == "f:1:8: the alias *x stands inside the value that &x names")
        #expect(failure("a: &x 1\n---\nb: *x\n") == "f:3:4: no anchor &x before the alias *x")
    }

    @Test("aliases that expand without end are refused at once")
    func billionLaughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<40 {
            text += "a\(level): &a\(level) [\((0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n"
        }
        #expect(failure(text)?.hasSuffix("more than 1000000 values, aliases followed") == true)
        var chain = "a0: &a0 [x]\n"
        for level in 1..<100 { chain += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(failure(chain) == "f:64:12: more than 64 lists and mappings inside one another")
    }

    @Test("text that aliases repeat without end is refused at once, as a value and as a key")
    func repeatedText() {
        let text = String(repeating: "x", count: 400_000)
        let aliases = String(repeating: "*a, ", count: 100_000)
        #expect(failure("[&a \(text), \(aliases)]") == "f:1:400167: more than 16777216 bytes of text, aliases followed")
        let keys = String(repeating: "{*a : 1}, ", count: 100_000)
        #expect(failure("[&a \(text), \(keys)]")?.hasSuffix("bytes of text, aliases followed") == true)
        #expect(failure("[&a x, \(aliases)]") == nil)
    }

    @Test("tags are refused, but for those a caller allows and those that say what a value is anyway")
    func tags() throws {
        #expect(failure("a: !secret token") == "f:1:4: the tag \"!secret\" is not known here")
        #expect(failure("a: !!binary aGk=") == "f:1:4: the tag \"!!binary\" is not known here")
        let allowed = try YAMLDocument.parse("a: !secret token", file: "f", allowedTags: ["!secret"])
        let value = try #require(allowed.first?.mapping()["a"])
        #expect(value.tag == "!secret")
        #expect(value.scalar?.text == "token")
        #expect(throws: YAMLError.self) { try value.string() }
        let plain = try YAMLDocument.parseOne("a: !!str 12\nb: !!seq []\nc: !!map {}\nd: ! 12", file: "f").mapping()
        #expect(try plain.required("a").string() == "12")
        #expect(try plain.required("d").string() == "12")
        #expect(failure("a: !!seq {}") == "f:1:4: the tag \"!!seq\" is not known here")
    }

    @Test("a key is a scalar with some text")
    func keys() throws {
        #expect(failure("? [a]\n: b") == "f:1:3: a key must be a word or a number, not a list")
        let marked = #expect(throws: YAMLError.self) {
            try YAMLDocument.parse("{!append a: 1}", file: "f", allowedTags: ["!append"])
        }
        #expect(marked?.description == "f:1:2: !append has no meaning on a key; it stands before a value")
        #expect(failure("?\n: b") == "f:1:2: a key is missing before \":\"")
        #expect(try YAMLDocument.parseOne("\"\": b", file: "f").mapping().pairs.first?.key.text == "")
    }

    @Test(
        "what is no text is refused where it stands",
        arguments: [
            ([0x61, 0x3A, 0x20, 0xFF], "f:1:4: not UTF-8 (byte 0xFF)"),
            ([0x61, 0x3A, 0x0A, 0xC3, 0xA9, 0xE2, 0x82], "f:2:2: not UTF-8 (byte 0xE2)"),
            ([0xFF, 0xFE, 0x61, 0x00], "f:1:1: not UTF-8 (byte 0xFF)"),
            ([0xED, 0xA0, 0x80], "f:1:1: not UTF-8 (byte 0xED)"),
            ([0x61, 0x00, 0x62], "f:1:2: the character U+0000 cannot stand in a YAML file"),
            ([0xC2, 0x81], "f:1:1: the character U+0081 cannot stand in a YAML file"),
        ] as [([UInt8], String)])
    func notText(bytes: [UInt8], message: String) {
        let error = #expect(throws: YAMLError.self) { try YAMLDocument.parse(bytes, file: "f") }
        #expect(error?.description == message)
    }

    @Test("a byte order mark is no part of the text, and does not move it; inside, it is told of")
    func byteOrderMark() throws {
        let mapping = try YAMLDocument.parseOne("\u{FEFF}a: 1\nb: 2\n", file: "f").mapping()
        #expect(mapping.pairs.map(\.key.text) == ["a", "b"])
        #expect(mapping.pairs.map { $0.key.position.description } == ["f:1:1", "f:2:1"])
        #expect(try YAMLDocument.parse("\u{FEFF}", file: "f").isEmpty)
        #expect(failure("\u{FEFF}%TAG ! x\n") != nil)
        #expect(failure("\u{FEFF}a: ]") == "f:1:4: expected a value here (while parsing a block node)")
        let inside = "a byte order mark (U+FEFF) stands at the very start of a file or nowhere"
        #expect(failure("a: 1\n\u{FEFF}---\nb: 2\n") == "f:2:1: \(inside)")
        #expect(failure("\u{FEFF}\u{FEFF}a: 1") == "f:1:1: \(inside)")
    }

    @Test(
        "characters that end a line for some readers only are refused where they stand, and taken as escapes",
        arguments: [
            ("\u{85}", "U+0085", #"\x85"#), ("\u{2028}", "U+2028", #"\u2028"#), ("\u{2029}", "U+2029", #"\u2029"#),
        ])
    func lineBreaks(character: String, name: String, escape: String) throws {
        let message =
            "\(name) ends a line for some readers of YAML and not for others; write \(escape) in double quotes"
        #expect(failure("a: 1\n# \u{E9}\(character)b: 2\n") == "f:2:4: \(message)")
        #expect(failure("a: \"x\(character)\"") == "f:1:6: \(message)")
        #expect(try YAMLDocument.parseOne("\"\(escape)\"", file: "f").scalar?.text == character)
        var limits = YAMLLimits()
        limits.isStored = true
        #expect(try YAMLDocument.parse("a: \"x\(character)\"", file: "f", limits: limits).count == 1)
    }

    @Test("a variable in a flow mapping or list wants quotes, and is told so")
    func variable() {
        let message = "a ${...} inside of {} or [] wants double quotes around it"
        #expect(failure("a: {b: ${c}}") == "f:1:9: \(message)")
        #expect(failure("a: [x, ${c}]") == "f:1:9: \(message)")
        #expect(failure("a: {b: \"${c}\"}") == nil)
    }

    @Test("a ? right before a key is refused, since it belongs to the key for some readers only")
    func questionMark() throws {
        let message =
            "the \"?\" right before this key is part of it for some readers of YAML and not for others; quote the key"
        #expect(failure("{?a: 1}") == "f:1:3: \(message)")
        #expect(failure("\u{E9}: [\u{E9},\n  ?b: 1]") == "f:2:4: \(message)")
        #expect(failure("{?\"a\": 1}") == "f:1:3: \(message)")
        for good in ["{? a: 1}", "?a: 1", "{\"?a\": 1}", "? a\n: 1", "{a?: 1, b: c?}", "a: {b: 1}\nc?: 2"] {
            #expect(failure(good) == nil, "\(good)")
        }
        var limits = YAMLLimits()
        limits.isStored = true
        #expect(try YAMLDocument.parse("{?a: 1}", file: "f", limits: limits).count == 1)
    }

    @Test("<< merges a mapping or several: a mapping's own keys come first, then those of the earlier one")
    func merge() throws {
        func text(_ source: String) throws -> String { try YAMLDocument.parseOne(source, file: "f").yamlText() }
        #expect(
            try text("a: &a {x: 1, y: 2}\nb: {y: 3, <<: *a, z: 4}")
                == "a:\n  x: 1\n  \"y\": 2\nb:\n  \"y\": 3\n  x: 1\n  z: 4\n")
        #expect(
            try text("- &a {x: 1}\n- &b {x: 2, y: 2}\n- {<<: [*a, *b]}")
                == "- x: 1\n- x: 2\n  \"y\": 2\n- x: 1\n  \"y\": 2\n")
        #expect(try text("{<<: {x: 1}, x: 2}") == "x: 2\n")
        #expect(try text("\"<<\": 1") == "\"<<\": 1\n")
        #expect(try text("!!str <<: 1") == "\"<<\": 1\n")
        let what = "the key << merges a mapping or a list of mappings, not"
        #expect(failure("<<: 5") == "f:1:5: \(what) 5; quote it if it is meant as a name")
        #expect(failure("<<: [{a: 1}, [b]]") == "f:1:14: \(what) a list; quote it if it is meant as a name")
        #expect(failure("<<: {}\n<<: {}") == "f:2:1: the key \"<<\" is there already, at 1:1")
        var limits = YAMLLimits()
        limits.isStored = true
        #expect(try YAMLDocument.parse("<<: 5", file: "f", limits: limits).count == 1)
    }

    @Test(
        "a number that readers of YAML do not agree on, or that loses digits, is refused with its place",
        arguments: [
            (
                "0644",
                "0644 starts with 0: some readers of YAML take it for the octal 420, "
                    + "others for 644; write 644 or 0o644, or "
            ),
            (
                "-012",
                "-012 starts with 0: some readers of YAML take it for the octal -10, "
                    + "others for -12; write -12 or 0o12, or "
            ),
            ("089", "089 starts with 0: some readers of YAML take it for text, others for 89; write 89 or "),
            (
                "012e3",
                "012e3 starts with 0: some readers of YAML take it for text, others for 12000.0; write 12000.0 or "
            ),
            ("-00.5", "-00.5 starts with 0: some readers of YAML take it for text, others for -0.5; write -0.5 or "),
            (
                "12345678901234567890",
                "12345678901234567890 has more digits than a number keeps (it would be "
                    + "1.2345678901234567e+19); "
            ),
            (
                "-9223372036854775809",
                "-9223372036854775809 has more digits than a number keeps (it would be "
                    + "-9.223372036854776e+18); "
            ),
            (
                "3.14159265358979323846",
                "3.14159265358979323846 has more digits than a number keeps (it would be "
                    + "3.141592653589793); "
            ),
            (
                "9007199254740993.0",
                "9007199254740993.0 has more digits than a number keeps (it would be 9007199254740992.0); "
            ),
            ("1e400", "1e400 is beyond the range of numbers; "), ("-1e999", "-1e999 is beyond the range of numbers; "),
            ("1e-400", "1e-400 has more digits than a number keeps (it would be 0.0); "),
            ("0xFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFF has more digits than a number keeps; "),
        ])
    func faultyNumbers(text: String, message: String) throws {
        #expect(failure("a: \(text)") == "f:1:4: \(message)quote it if it is meant as text")
        #expect(failure("a: \"\(text)\"\nb: '\(text)'") == nil)
        #expect(failure("a: !!str \(text)") == nil)
        var limits = YAMLLimits()
        limits.isStored = true
        #expect(try YAMLDocument.parse("a: \(text)", file: "f", limits: limits).count == 1)
    }

    @Test(
        "numbers that keep all their digits are taken",
        arguments: [
            "0", "-0", "10", "0x1F", "0o17", "0.1", "1.10", "1e3", "9223372036854775807", "-9223372036854775808",
            "1e308",
            "5e-324", "0.30000000000000004", "100000000000000000000.0", "1e22", "0e999", "1_000", "0b101",
            "1.5.0",
            "08:30", "0x", "0xG", "0o8",
        ])
    func goodNumbers(text: String) { #expect(failure("a: \(text)") == nil) }

    @Test("keys are the same when their bytes are: two forms of an accent are two keys")
    func exactKeys() throws {
        let mapping = try YAMLDocument.parseOne("\u{E9}: 1\ne\u{301}: 2\n\u{212A}: 3\nK: 4\n", file: "f").mapping()
        #expect(mapping.pairs.count == 4)
        #expect(mapping["e\u{301}"]?.scalar?.text == "2" && mapping["K"]?.scalar?.text == "4")
        #expect(failure("\u{E9}: 1\n\u{E9}: 2") == "f:2:1: the key \"\u{E9}\" is there already, at 1:1")
        let one = try YAMLDocument.parseOne("\u{E9}", file: "f")
        #expect(!one.hasSameValue(as: try YAMLDocument.parseOne("e\u{301}", file: "f")))
    }

    @Test("the limits are named when they are met", .timeLimit(.minutes(5)))
    func limits() {
        let tenMegabytes = [UInt8](repeating: UInt8(ascii: "["), count: 10 << 20)
        let tooLong = #expect(throws: YAMLError.self) { try YAMLDocument.parse(tenMegabytes, file: "f") }
        #expect(tooLong?.description == "f:1:1: the file has 10485760 bytes; the limit is 4194304")
        var limits = YAMLLimits()
        limits.size = 20 << 20
        for opening in ["[", "{", "- ", "? ", "[\n"] {
            let deep = Array(String(repeating: opening, count: (10 << 20) / opening.utf8.count).utf8)
            let error = #expect(throws: YAMLError.self) { try YAMLDocument.parse(deep, file: "f", limits: limits) }
            #expect(error?.message == "more than 64 lists and mappings inside one another")
        }
        limits.nodes = 1000
        let wide = "[" + String(repeating: "1, ", count: 1000) + "]"
        #expect(
            failure(wide) { try YAMLDocument.parse($0, file: "f", limits: limits) }
                == "f:1:2999: more than 1000 values, aliases followed")
        let directives = (0..<100).map { "%TAG !a\($0)! b\n" }.joined()
        #expect(failure(directives) == "f:65:1: more than 64 %TAG directives")
    }

    /// The message of the error a text gives, `nil` when it gives none.
    private func failure(_ text: String) -> String? { failure(text) { try YAMLDocument.parse($0, file: "f") } }

    private func failure(_ text: String, _ parse: (String) throws -> some Any) -> String? {
        do {
            _ = try parse(text)
            return nil
        } catch {
            return String(describing: error)
        }
    }
}
