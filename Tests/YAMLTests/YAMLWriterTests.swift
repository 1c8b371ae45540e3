import TestSupport
import Testing
import YAML

@Suite struct YAMLWriterTests {
    @Test("nodes are written in block style")
    func blockStyle() throws {
        let source =
            "{type: pgw, \"80\": 8080, on: \"true\", list: [1, [2, {a: ~}], {b: [], c: {}}], text: \"a: b\\n\"}"
        #expect(
            try YAMLDocument.parseOne(source, file: "f").yamlText() == """
                type: pgw
                "80": 8080
                "on": "true"
                list:
                  - 1
                  - - 2
                    - a: ~
                  - b: []
                    c: {}
                text: "a: b\\n"

                """)
    }

    @Test("what is written reads back as the same value")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let node = RandomYAML.node(depth: 4, using: &random)
            let text = node.yamlText()
            let back = try YAMLDocument.parseOne(text, file: "f", allowedTags: ["!secret"])
            #expect(back.hasSameValue(as: node), "\(text)")
            #expect(back.yamlText() == text)
        }
    }

    @Test(
        "a text of several lines is a block, and reads back byte by byte",
        arguments: [
            ("a\nb\n", "t: |\n  a\n  b\n"), ("a\nb", "t: |-\n  a\n  b\n"), ("a\n\n\n", "t: |+\n  a\n\n\n"),
            (" a\nb\n", "t: |2\n   a\n  b\n"), ("\n\ta\n", "t: |2\n\n  \ta\n"),
            ("a: 1\n# x \n", "t: |\n  a: 1\n  # x \n"),
            ("\u{E9}\u{1F600}\n", "t: |\n  \u{E9}\u{1F600}\n"), ("a\r\nb\n", "t: \"a\\r\\nb\\n\"\n"),
            ("a\u{85}\n", "t: \"a\\x85\\n\"\n"), ("\u{FEFF}a\n", "t: \"\\uFEFFa\\n\"\n"), ("\n", "t: \"\\n\"\n"),
            (" \n \n", "t: \" \\n \\n\"\n"), ("a\n  ", "t: \"a\\n  \"\n"), ("one line", "t: one line\n"),
        ])
    func blocks(text: String, written: String) throws {
        let place = YAMLPosition(file: "f", line: 1, column: 1)
        let value = YAMLNode(.scalar(YAMLScalar(text: text, isPlain: false)), at: place)
        let node = YAMLNode(.mapping([YAMLPair(key: YAMLKey("t", at: place), value: value)]), at: place)
        #expect(node.yamlText(hasBlockTexts: true) == written)
        #expect(try YAMLDocument.parseOne(written, file: "f").hasSameValue(as: node))
    }

    @Test("random texts of several lines read back byte by byte, at every depth and behind each other")
    func randomBlocks() throws {
        var random = SeededGenerator(seed: 31)
        let parts = [
            "a", "b: c", "-", " ", "  ", "\t", "\n", "\n", "\n", "#", "|", "\u{E9}", "\r", "\u{2028}", "---", "${x}",
            "\"",
        ]
        let place = YAMLPosition(file: "f", line: 1, column: 1)
        for _ in 0..<5_000 {
            var node = YAMLNode(.sequence([]), at: place)
            for depth in 0..<Int.random(in: 1...3, using: &random) {
                let items = (0..<3).map { _ in
                    let text = (0..<Int.random(in: 1...8, using: &random)).compactMap { _ in
                        parts.randomElement(using: &random)
                    }.joined()
                    return YAMLNode(.scalar(YAMLScalar(text: text, isPlain: false)), at: place)
                }
                let all = items + [node]
                node = YAMLNode(
                    depth % 2 == 0
                        ? .sequence(all)
                        : .mapping(all.enumerated().map { YAMLPair(key: YAMLKey("k\($0)", at: place), value: $1) }),
                    at: place)
            }
            let text = node.yamlText(hasBlockTexts: true)
            #expect(try YAMLDocument.parseOne(text, file: "f").hasSameValue(as: node), "\(text)")
        }
    }

    @Test("tags stay with their values")
    func tags() throws {
        let source = "a: !secret token\nb: !secret\n  - 1\n  - !secret\n    x: 1\n"
        let node = try YAMLDocument.parseOne(source, file: "f", allowedTags: ["!secret"])
        #expect(node.yamlText() == source)
    }

    @Test(
        "texts that YAML 1.1 or 1.2 takes for something else are quoted, as values and as keys",
        arguments: [
            "no", "NO", "Yes", "on", "Off", "y", "N", "null", "~", "true", "2001-12-14", "2001-12-14t21:59:43.10-05:00",
            "1_000", "0b101", "1e3", "1E3", "0644", "0o17", "0x1F", "0xG", "1.", ".5", "+1", "-1.5", ".inf", "-.INF",
            ".NaN",
            "190:20:30", "<<", "=", "12345678901234567890", "1,000", "685.230_15e+03", "",
        ])
    func quotedTexts(text: String) {
        let place = YAMLPosition(file: "f", line: 1, column: 1)
        let node = YAMLNode(.scalar(YAMLScalar(text: text, isPlain: false)), at: place)
        #expect(node.yamlText() == "\"\(text)\"\n")
        let pair = YAMLPair(key: YAMLKey(text, at: place), value: node)
        #expect(YAMLNode(.mapping([pair]), at: place).yamlText() == "\"\(text)\": \"\(text)\"\n")
    }

    @Test(
        "what nobody takes for anything else stays bare",
        arguments: [
            "198.51.100.1", "20000-29999", "none", "yesterday", "e1", "x-1", "8 GiB", "10.0.0.0/8", "v1.2.3", "1.2.3",
            "nothing", "on-call",
        ])
    func bareTexts(text: String) {
        let place = YAMLPosition(file: "f", line: 1, column: 1)
        #expect(YAMLNode(.scalar(YAMLScalar(text: text, isPlain: false)), at: place).yamlText() == text + "\n")
    }

    @Test(
        "numbers are written in one form",
        arguments: [
            ("0x1F", "31"), ("0o17", "15"), ("+12", "12"), ("1e3", "1000.0"), ("1.50", "1.5"), (".5", "0.5"),
            ("1.", "1.0"),
            ("1e20", "1.0e+20"), ("-1.5e-7", "-1.5e-07"), (".INF", ".inf"), ("-.Inf", "-.inf"), (".NAN", ".nan"),
            ("1e-05", "1.0e-05"), ("9223372036854775807", "9223372036854775807"), ("-0.0", "-0.0"),
        ])
    func numbers(text: String, expected: String) throws {
        #expect(try YAMLDocument.parseOne(text, file: "f").yamlText() == expected + "\n")
    }
}
