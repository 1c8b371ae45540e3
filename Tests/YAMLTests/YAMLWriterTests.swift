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
                80: 8080
                on: "true"
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

    @Test("tags stay with their values")
    func tags() throws {
        let source = "a: !secret token\nb: !secret\n  - 1\n  - !secret\n    x: 1\n"
        let node = try YAMLDocument.parseOne(source, file: "f", allowedTags: ["!secret"])
        #expect(node.yamlText() == source)
    }
}
