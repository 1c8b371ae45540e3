import TestSupport
import YAML

@testable import CombinedConfiguration

/// Blocks of a few keys, so that they meet one another; the kind of a value follows mostly, not always, from its key.
enum RandomBlocks {
    static func make(using random: inout SeededGenerator) throws -> [ConfigurationBlock] {
        var blocks = [ConfigurationBlock]()
        for type in ["a", "b", "c", "d"].prefix(Int.random(in: 1...4, using: &random)) {
            for number in 1...Int.random(in: 1...3, using: &random) {
                let text = mapping(depth: 0, indentation: "", using: &random)
                blocks.append(
                    try Blocks.block(type, Int.random(in: 0...3, using: &random) * 10, number: number, text))
            }
        }
        return blocks
    }

    private static func mapping(depth: Int, indentation: String, using random: inout SeededGenerator) -> String {
        let keys = ["text", "number", "truth", "list", "map", "x.y/~ z", "wild"].filter { _ in random.next() % 3 > 0 }
        guard !keys.isEmpty else { return "\(indentation)only: 1\n" }
        return keys.map { key in
            indentation + key + ":" + value(key, depth: depth, indentation: indentation, using: &random)
        }.joined()
    }

    private static func value(
        _ key: String, depth: Int, indentation: String, using random: inout SeededGenerator
    ) -> String {
        if random.next() % 12 == 0 { return " !delete\n" }
        let kind = key == "wild" ? ["text", "number", "list", "map"].randomElement(using: &random) ?? key : key
        switch kind {
        case "number":
            return " " + (["1", "-2.5", "0x1F", "${app-index}", "1e3"].randomElement(using: &random) ?? "1") + "\n"
        case "truth": return random.next() % 2 == 0 ? " true\n" : " null\n"
        case "list":
            let items = [
                "[]", "[1, two, {three: [3]}]", "[\"${service.name}\", !secret db-password]", "${server.addresses}",
            ]
            let marker = ["", " !append", " !replace"].randomElement(using: &random) ?? ""
            return "\(marker) \(items.randomElement(using: &random) ?? "[]")\n"
        case "map" where depth < 3:
            let marker = random.next() % 5 == 0 ? " !replace" : ""
            return "\(marker)\n" + mapping(depth: depth + 1, indentation: indentation + "  ", using: &random)
        case "map": return " {}\n"
        default:
            let texts = [
                "plain", "\"5\"", "\"quoted: \\u20ac \\t # ${location.name}\"", "${service.name}:${app-index}",
                "$${kept}", "!secret db-password", "${config.text:-none}",
            ]
            return " " + (texts.randomElement(using: &random) ?? "x") + "\n"
        }
    }
}
