import Testing
import YAML

@testable import CombinedConfiguration

@Suite struct MergeTests {
    @Test("mappings merge deeply, a later single value takes the place of an earlier one")
    func deep() throws {
        let json = try Blocks.json("a: {x: 1, y: {z: 1}}\nb: text", "a: {y: {z: 2, w: 3}}", "b: other\nc: true")
        #expect(json == #"{"a":{"x":1,"y":{"z":2,"w":3}},"b":"other","c":true}"#)
    }

    @Test("a list is appended to or replaced, as it says")
    func lists() throws {
        #expect(try Blocks.json("l: [1, 2]", "l: !append [3]") == #"{"l":[1,2,3]}"#)
        #expect(try Blocks.json("l: [1, 2]", "l: !replace [3]", "l: !append [4]") == #"{"l":[3,4]}"#)
        #expect(try Blocks.json("l: !append [1]") == #"{"l":[1]}"#)
        #expect(try Blocks.json("l: [1]", "l: !replace []") == #"{"l":[]}"#)
        let variable = try Blocks.json(
            "l: ${services.logger.addresses}", "l: !append [x]", "l: !append ${server.addresses}")
        #expect(variable == #"{"l":["10.1.0.31","x","10.1.0.21","fd00:1::21"]}"#)
    }

    @Test("a list over a list without a marker is an error that names both places, from either")
    func unmarked() throws {
        let error = try #require(Blocks.template("l: [1]", "x: 1\nl: [2]").errors.first)
        #expect(error.description == #"b.yaml:2:4: "l" is a list at a.yaml:1:4 already; say !append or !replace"#)
        #expect(error.blaming(["b.yaml"]) == error)
        #expect(
            error.blaming(["a.yaml"]).description
                == #"a.yaml:1:4: "l" is given again at b.yaml:2:4, which must say !append or !replace"#)
    }

    @Test("a marker may replace a mapping as a whole, and delete what is there with all below it")
    func replaceAndDelete() throws {
        #expect(try Blocks.json("m: {a: 1, b: 2}", "m: !replace {c: 3}") == #"{"m":{"c":3}}"#)
        #expect(try Blocks.json("m: {a: {x: 1}, b: 2}", "m: {a: !delete }") == #"{"m":{"b":2}}"#)
        #expect(try Blocks.json("a: 1", "a: !delete", "a: text") == #"{"a":"text"}"#)
        #expect(try Blocks.json("a: 1", "b: !delete") == #"{"a":1}"#)
    }

    @Test("a value's kind stays what it is: a change names both places")
    func kinds() throws {
        #expect(
            try Blocks.errors("a: {b: 1}", "a: {b: one}")
                == [#"b.yaml:1:8: "a.b" is text here, but a number at a.yaml:1:8"#])
        #expect(
            try Blocks.errors("a: [1]", "a: {b: 1}")
                == [#"b.yaml:1:4: "a" is a mapping here, but a list at a.yaml:1:4"#])
        #expect(
            try Blocks.errors("a: 1", "a: !replace [1]")
                == [#"b.yaml:1:4: "a" is a list here, but a number at a.yaml:1:4"#])
        #expect(
            try Blocks.errors("a: ${services.logger.addresses}", "a: ${service.name}")
                == [#"b.yaml:1:4: "a" is text here, but a list at a.yaml:1:4"#])
        #expect(
            try Blocks.errors("a: ${app-index}", "a: true")
                == [#"b.yaml:1:4: "a" is a truth value here, but a number at a.yaml:1:4"#])
        #expect(try Blocks.json("a: 1", "a: 1.5", "a: null", "a: [x]") == #"{"a":["x"]}"#)
    }

    @Test("a value that is another value has that one's kind")
    func kindsOfOthers() throws {
        #expect(
            try Blocks.errors("a: 1\nb: ${config.c}\nc: text", "b: 5")
                == [#"b.yaml:1:4: "b" is a number here, but text at a.yaml:2:4"#])
        #expect(
            try Blocks.errors("b: {x: 1}\nc: text", "b: ${config.c}")
                == [#"b.yaml:1:4: "b" is a single value here, but a mapping at a.yaml:1:4"#])
        #expect(try Blocks.json("b: old\nc: text", "b: ${config.c}") == #"{"b":"text","c":"text"}"#)
    }

    @Test("blocks go by sort order, then by type, then by their place in the file")
    func order() throws {
        let blocks = [
            try Blocks.block("b", 10, "v: b10"), try Blocks.block("a", 20, "v: a20"),
            try Blocks.block("a", 10, number: 2, "v: a10.2"), try Blocks.block("a", 10, number: 1, "v: a10.1"),
        ]
        let template = ConfigurationTemplate(merging: blocks, type: "t")
        let chain = template.root["v"].map { $0.overridden.map(\.text) + [$0.jsonText] }
        #expect(chain == ["\"a10.1\"", "\"a10.2\"", "\"b10\"", "\"a20\""])
    }

    @Test("no blocks are an empty configuration")
    func none() {
        let template = ConfigurationTemplate(merging: [], type: "t")
        #expect(template.resolved(TestVariables()).root.jsonText == "{}")
    }
}
