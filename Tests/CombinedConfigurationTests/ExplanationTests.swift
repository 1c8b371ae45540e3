import Testing
import YAML

@testable import CombinedConfiguration

@Suite struct ExplanationTests {
    @Test("each value has its place, its block, what was written, and what it overrode")
    func leaves() throws {
        let root = try Blocks.template(
            "a: 1\nl: [x, {y: 2}]\nn: ${service.name}", "a: 2\nl: !append [z]", "a: 3\nm: {\"/~\": {}}"
        ).resolved(TestVariables()).root
        let lines = root.leaves.map { leaf in
            "\(leaf.pointer) \(leaf.node.jsonText) \(leaf.node.origin.position) \(leaf.node.origin.block)"
                + leaf.overridden.map { " <\($0.text) \($0.origin.position)>" }.joined()
        }
        #expect(
            lines == [
                "/a 3 c.yaml:1:4 c 30 <1 a.yaml:1:4> <2 b.yaml:1:4>", #"/l/0 "x" a.yaml:2:5 a 10"#,
                "/l/1/y 2 a.yaml:2:12 a 10", #"/l/2 "z" b.yaml:2:13 b 20"#, #"/n "mdb.2" a.yaml:3:4 a 10"#,
                "/m/~1~0 {} c.yaml:2:11 c 30",
            ])
        #expect(root["n"]?.origin.expression == "${service.name}")
    }

    @Test("what a list or mapping replaced is told of all that is in it")
    func replaced() throws {
        let root = try Blocks.template("m: {a: 1, b: 2}", "m: !replace {c: 3, d: 4}").root
        #expect(root.leaves.map(\.pointer) == ["/m/c", "/m/d"])
        #expect(root.leaves.allSatisfy { $0.overridden.map(\.text) == [#"{"a":1,"b":2}"#] })
    }

    @Test("what is deleted is told, unless a later block puts it back")
    func deleted() throws {
        let template = try Blocks.template("a: {x: 1}\nb: 2", "a: {x: !delete }\nb: !delete", "b: 3")
        #expect(template.deleted.map(\.pointer) == ["/a/x"])
        #expect(template.deleted.first?.by.position.description == "b.yaml:1:8")
        #expect(template.deleted.first?.node.jsonText == "1")
    }

    @Test("two configurations differ in the values that came, went and changed")
    func difference() throws {
        let before = try Blocks.template(
            "a: 1\ngone: {x: 1}\nl: [x, y]\nm: {}\nn: ${app-index}\nsame: {n: \"${service.name}\"}\nv: ${server.addresses}"
        )
        let after = try Blocks.template(
            "a: 2\nl: [x]\nm: {k: 1}\nn: ${config.a}\nsame: {n: \"${service.name}\"}\nv: ${location.www-ip.addresses}")
        func lines(_ before: ConfigurationTemplate, _ after: ConfigurationTemplate) -> [String] {
            ConfigurationDifference(from: before, to: after).lines(from: TestVariables(), to: TestVariables()).map {
                "\($0.pointer) \($0.before ?? "-") \($0.after ?? "-")"
            }
        }
        #expect(
            lines(before, after) == [
                "/a 1 2", #"/l/1 "y" -"#, "/m/k - 1", "/m {} -", #"/v/0 "10.1.0.21" "198.51.100.36""#,
                #"/v/1 "fd00:1::21" "2001:db8:0:1::36""#, "/gone/x 1 -",
            ])
        #expect(lines(before, before).isEmpty)
    }
}
