import TestSupport
import Testing
import YAML

@testable import CombinedConfiguration

/// A form is a quicker way to the JSON of a configuration: never to another one.
@Suite("Forms of configurations") struct FormTests {
    /// What a form writes; `nil` where it writes nothing.
    private func written(_ template: ConfigurationTemplate) -> String? {
        guard let form = ConfigurationForm(template) else { return nil }
        var bytes = form.head
        return form.append(TestVariables(), to: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// What the template comes to; `nil` where it has errors.
    private func expected(_ template: ConfigurationTemplate) -> String? {
        let resolution = template.resolved(TestVariables())
        return resolution.errors.isEmpty ? resolution.root.jsonText : nil
    }

    @Test("whatever the blocks, a form writes what they come to, and nothing where they are at fault")
    func random() throws {
        var combined = 0
        for seed in UInt64(1)...600 {
            var random = SeededGenerator(seed: seed)
            let blocks = try RandomBlocks.make(using: &random)
            let template = ConfigurationTemplate(merging: blocks, type: "t")
            let text = expected(template)
            #expect(written(template) == text, "seed \(seed)")
            combined += text == nil ? 0 : 1
        }
        #expect(combined > 30)
    }

    @Test(
        "lists with lists in them, texts in texts, defaults and escapes",
        arguments: [
            "a: ${services.none.addresses}\nb: [1]\n",
            "a: !append\n  - 1\n",
            "list: ${services.logger.names}\nnode: ${app-index}\nname: \"${app-index}\"\n",
            "a: \"x\\n${service.name}\\\"${server.name}\\\\\"\nb: ${config.a}\nc: <${config.a}>\n",
            "a: ${location.nowhere:-none}\nb: ${config.missing:-5}\nc: \"${config.missing:-5}\"\n",
            "a: ${location.nowhere:-null}\n", "a: ${location.nowhere:-null}\nb: <${config.a}>\n",
            "a: !secret tls-key\n", "a: !secret-base64 tls-key\nb: ${service.name}\n", "a: ${location.nowhere}\n",
            "a: !secret db-password\nb: ${service.name}\n", "a: !secret other\n",
            "workers: ${app-index}\n", "workers: \"${app-index}\"\n",
            "a: ${config.b}\nb: ${config.c}\nc: ${service.name}\n", "a: ${config.b}\nb: ${config.a}\n",
            "a: {}\nb: []\nc: ${service.name}\n", "m:\n  n:\n    - x: ${service.name}\n    - ${service.type}\n",
            "a: ${config.s}\ns: !secret db-password\nb: ${service.name}\n",
        ])
    func cases(_ text: String) throws {
        let template = try Blocks.template(text)
        #expect(written(template) == expected(template))
    }

    @Test("lists that are appended to, some of which are empty")
    func appended() throws {
        for first in ["[]", "[a]", "${services.none.addresses}", "${server.addresses}"] {
            for second in ["[b]", "${services.none.addresses}", "${services.logger.names}"] {
                for third in ["[\"${service.name}\"]", "${services.none.addresses}"] {
                    let template = try Blocks.template(
                        "l: \(first)\n", "l: !append \(second)\n", "l: !append \(third)\n")
                    let text = try #require(expected(template))
                    #expect(written(template) == text)
                }
            }
        }
    }

    @Test("a text of 64 KiB is one, and no byte more; a configuration of 1 MiB likewise")
    func limits() throws {
        // "mdb.2" has five bytes.
        for (padding, isOne) in [(65_531, true), (65_532, false)] {
            let template = try Blocks.template("a: \"\(String(repeating: "x", count: padding))${service.name}\"\n")
            #expect((written(template) != nil) == isOne)
            #expect(written(template) == expected(template))
        }
        let values = (0..<16).map { "k\($0): \"${service.name}\(String(repeating: "x", count: 65_000))\"\n" }.joined()
        for last in [8_370, 8_371, 8_372, 8_373, 8_374, 8_375, 8_376, 8_377, 8_378, 9_000] {
            let template = try Blocks.template(values + "z: \"\(String(repeating: "y", count: last))\"\n")
            let json = template.resolved(TestVariables()).root.json
            #expect((written(template) != nil) == (json.count <= ConfigurationTemplate.largest), "\(json.count)")
        }
    }

    @Test("blocks of many templates are there once")
    func shared() throws {
        let common = try Blocks.block("a", 0, "x: {y: 1, z: {w: [1, 2]}}\nv:\n  n: ${service.name}\n")
        let templates = try (0..<3).map { number in
            ConfigurationTemplate(
                merging: [common, try Blocks.block("b", 1, "own: \(number)\nx: {q: 1}\n")], type: "b")
        }
        // Neither in a mapping to which another block adds nor beside it.
        for values in [
            try templates.map { try #require($0.root["v"]) }, try templates.map { try #require($0.root["x"]?["y"]) },
        ] { #expect(values.dropFirst().allSatisfy { $0.isIdentical(to: values[0]) }) }
    }
}
