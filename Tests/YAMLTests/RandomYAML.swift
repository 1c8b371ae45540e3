import TestSupport
import YAML

enum RandomYAML {
    private static let place = YAMLPosition(file: "random", line: 1, column: 1)
    private static let texts = [
        "", "~", "null", "true", "no", "12", "012", "0x1f", "1.5", ".5", "-1e3", ".inf", "-", "--", "---", "...", "- a",
        "a: b",
        "a #b", "#a", "a:", ":a", "?", "? a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'", "\"", "\\", "[", "]",
        "{",
        "}", ",", "a, b", " a", "a ", "a  b", "a\nb", "a\n\nb\n", "\t", "a\tb", "\u{1}", "\u{7F}", "\u{85}", "\u{2028}",
        "\u{FEFF}", "\u{FFFE}", "é", "日本", "🛡", "${app-index}", "20000-29999", "2001:db8::1", "198.51.100.1/32", "=",
        "<<",
        "a-", "-a", "+", "+1", "a - b", "key", "x=y", "~x", "a\r\nb", "\r",
    ]

    static func node(depth: Int, using random: inout SeededGenerator) -> YAMLNode {
        let kind = depth == 0 ? 0 : Int.random(in: 0..<4, using: &random)
        switch kind {
        case 2:
            let items = (0..<Int.random(in: 0..<5, using: &random)).map { _ in node(depth: depth - 1, using: &random) }
            return YAMLNode(.sequence(items), at: place, tag: tag(using: &random))
        case 3:
            var pairs = [YAMLPair]()
            for _ in 0..<Int.random(in: 0..<5, using: &random) {
                let key = text(using: &random)
                guard !pairs.contains(where: { $0.key.text == key }) else { continue }
                pairs.append(YAMLPair(key: YAMLKey(key, at: place), value: node(depth: depth - 1, using: &random)))
            }
            return YAMLNode(.mapping(pairs), at: place, tag: tag(using: &random))
        default:
            // Bare text that is a scalar: what the parser could have produced.
            let text = text(using: &random)
            let plain = YAMLScalar(text: text, isPlain: true)
            let isPlain = if case .string = plain.resolved { false } else { Bool.random(using: &random) }
            return YAMLNode(.scalar(YAMLScalar(text: text, isPlain: isPlain)), at: place, tag: tag(using: &random))
        }
    }

    private static func text(using random: inout SeededGenerator) -> String {
        let text = texts.randomElement(using: &random) ?? ""
        return Int.random(in: 0..<4, using: &random) == 0 ? text + (texts.randomElement(using: &random) ?? "") : text
    }

    private static func tag(using random: inout SeededGenerator) -> String? {
        Int.random(in: 0..<8, using: &random) == 0 ? "!secret" : nil
    }
}
