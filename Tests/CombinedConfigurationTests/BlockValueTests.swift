import Testing
import YAML

@testable import CombinedConfiguration

@Suite struct BlockValueTests {
    @Test(
        "what cannot be in a block is told with its place, all of it at once",
        arguments: [
            ("- 1", ["a.yaml:1:1: expected a mapping of values, found a list"]),
            ("a: !append 1", ["a.yaml:1:4: !append is for a list, not for 1"]),
            ("a: !append {b: 1}", ["a.yaml:1:4: !append is for a list, not for a mapping"]),
            ("a: !replace text", ["a.yaml:1:4: !replace is for a list or a mapping, not for \"text\""]),
            ("a: !delete text", ["a.yaml:1:4: !delete stands alone, not before \"text\""]),
            ("a: [{b: !delete }]", ["a.yaml:1:9: an item of a list is new as a whole; !delete has no meaning in it"]),
            ("a: !secret [x]", ["a.yaml:1:4: !secret stands before the name of a secret, not before a list"]),
            (
                "a: !secret-base64 [x]",
                ["a.yaml:1:4: !secret-base64 stands before the name of a secret, not before a list"]
            ),
            ("a: !secret Not", ["a.yaml:1:4: !secret stands before the name of a secret, not before \"Not\""]),
            ("${service.name}: 1", ["a.yaml:1:1: a key has no variables; only values have"]),
            ("a: .nan\nb: -.inf", ["a.yaml:1:4: .nan has no form in JSON", "a.yaml:2:4: -.inf has no form in JSON"]),
            ("workers: 65", ["a.yaml:1:10: expected a number of workers from 0 to 64, found 65"]),
            ("workers: many", ["a.yaml:1:10: expected a number of workers from 0 to 64, found \"many\""]),
        ])
    func faults(_ text: String, _ expected: [String]) throws {
        #expect(try Blocks.faults(text) == expected)
    }

    @Test("the names of the secrets in it are known")
    func secrets() throws {
        let block = try Blocks.block("a", 1, "a: !secret one\nb: [{c: !secret two}]\nd: 1")
        #expect(block.values.secrets == ["one", "two"])
    }
}
