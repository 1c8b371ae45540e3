import TestSupport
import Testing
import YAML

@testable import CombinedConfiguration

/// What holds for whatever blocks, with seeds that are always the same.
@Suite struct MergePropertyTests {
    private static let seeds = UInt64(1)...400

    @Test("what comes of blocks does not depend on the order they are given in: values, places, errors")
    func order() throws {
        var combined = 0
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let blocks = try RandomBlocks.make(using: &random)
            let template = ConfigurationTemplate(merging: blocks, type: "t")
            for _ in 0..<5 {
                let shuffled = ConfigurationTemplate(merging: blocks.shuffled(using: &random), type: "t")
                #expect(shuffled == template, "seed \(seed)")
            }
            combined += template.errors.isEmpty ? 1 : 0
        }
        // Neither all of them nor none go together: both ways are tried.
        #expect((20...380).contains(combined))
    }

    @Test("an explanation accounts for every value, once, with a place in one of the blocks")
    func leaves() throws {
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let blocks = try RandomBlocks.make(using: &random)
            let root = ConfigurationTemplate(merging: blocks, type: "t").resolved(TestVariables()).root
            let leaves = root.leaves
            #expect(Set(leaves.map(\.pointer)).count == leaves.count, "seed \(seed)")
            #expect(Self.pointers(root.yaml) == leaves.map(\.pointer), "seed \(seed)")
            let ids = Set(blocks.map(\.id))
            for leaf in leaves {
                for origin in [leaf.node.origin] + leaf.overridden.map(\.origin) {
                    #expect(ids.contains(origin.block) || leaf.pointer.isEmpty, "seed \(seed)")
                    #expect(origin.position.file == "\(origin.block.type).yaml", "seed \(seed)")
                }
                let times = (leaf.overridden.map(\.origin.block) + [leaf.node.origin.block])
                #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, "seed \(seed)")
            }
        }
    }

    @Test("what is written as YAML and as JSON reads back as the same values")
    func reparsed() throws {
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let blocks = try RandomBlocks.make(using: &random)
            let resolved = ConfigurationTemplate(merging: blocks, type: "t").resolved(TestVariables()).root
            let root = resolved.revealing { "the secret \($0.name)" }
            let yaml = root.yaml
            let fromYAML = try YAMLDocument.parseOne(yaml.yamlText(), file: "again")
            #expect(fromYAML.hasSameValue(as: yaml), "seed \(seed)")
            // JSON is YAML.
            let fromJSON = try YAMLDocument.parseOne(root.jsonText, file: "again")
            #expect(fromJSON.hasSameValue(as: yaml), "seed \(seed)")
        }
    }

    @Test("no value of a secret is in anything but what is revealed")
    func secrets() throws {
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let template = ConfigurationTemplate(merging: try RandomBlocks.make(using: &random), type: "t")
            let root = template.resolved(TestVariables()).root
            let revealed = root.revealing { _ in "swordfish" }
            #expect(!root.jsonText.contains("swordfish"))
            #expect(!root.yaml.yamlText().contains("swordfish"))
            #expect(revealed.jsonText.contains("swordfish") == root.jsonText.contains("!secret"), "seed \(seed)")
        }
    }

    /// The places of single values, empty lists and empty mappings, as the tree of YAML has them.
    private static func pointers(_ node: YAMLNode, _ place: String = "") -> [String] {
        switch node.content {
        case .mapping(let pairs) where !pairs.isEmpty:
            pairs.flatMap { pair in
                pointers(
                    pair.value, place + "/" + pair.key.text.replacing("~", with: "~0").replacing("/", with: "~1"))
            }
        case .sequence(let items) where !items.isEmpty:
            items.enumerated().flatMap { pointers($1, "\(place)/\($0)") }
        default: [place]
        }
    }
}
