import ArgumentParser
import CombinedConfiguration
import CommandLineSupport
import Foundation
import YAML

/// Random configurations as ADMIN would answer them, for readers of other make to compare.
struct YAMLPairs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yaml-pairs",
        abstract: "Print configurations, one a line: an object with the texts of the JSON and of the YAML form.")

    @Option(help: "How many.")
    var count = 1_000

    @Option(help: "The seed of the first.")
    var seed: UInt64 = 1

    private struct Pair: Encodable {
        let json: String
        let yaml: String
    }

    func run() throws {
        var random = SplitMix64(state: seed)
        for _ in 0..<count {
            let source = Self.mapping(depth: 3, using: &random)
            var diagnostics = YAMLDiagnostics()
            let node = try YAMLDocument.parseOne(source, file: "random.yaml")
            guard let values = BlockValue(reading: node, &diagnostics) else { throw YAMLErrors(diagnostics.errors[0]) }
            let block = ConfigurationBlock(id: BlockID(type: "random", sortOrder: 0, number: 1), values: values)
            let root = ConfigurationTemplate(merging: [block], type: "random").root
            let pair = Pair(json: root.jsonText, yaml: root.yaml.yamlText())
            try StandardOutput.write(String(decoding: try JSONEncoder().encode(pair), as: UTF8.self))
        }
    }

    /// What somebody reads as something: truth values, nothing, numbers, times, merges, markers, white space,
    /// directions.
    private static let texts = [
        "", "~", "null", "Null", "true", "True", "no", "NO", "yes", "on", "Off", "y", "n", "0", "12", "-7", "+1", "012",
        "0644",
        "089", "0o17", "0x1F", "0b101", "1_000", "1,000", "1.5", "1.", ".5", "-.5", "1e3", "1E+3", "1.5e-7", ".inf",
        "-.INF",
        ".NaN", "190:20:30", "190:20:30.15", "2001-12-14", "2001-12-14T21:59:43Z", "2001-12-14 21:59:43.10 -5", "<<",
        "=",
        "!secret x", "&a", "*a", "- a", "a: b", "a #b", "#", "?", ":", "|", ">", "%a", "@a", "`a`", "'", "\"", "\\",
        "[", "{",
        ", ", " a", "a ", "a\nb", "\na", "a\r\nb", "\t", "\u{0}", "\u{7F}", "\u{85}", "\u{A0}", "\u{2028}", "\u{202E}",
        "\u{FEFF}", "\u{FFFD}", "\u{E9}", "e\u{301}", "\u{1F6E1}", "198.51.100.1", "1.2.3", "20000-29999",
        "2001:db8::1",
        "---", "...", "--- a", "8 GiB", "text", "none", "$", "x=y",
    ]

    private static let numbers = [
        "0", "-0", "7", "-12", "0x1F", "0o17", "9223372036854775807", "-9223372036854775808", "1.50", "1e3", "1E+22",
        "-2.5e-7",
        "5e-324", "1.7976931348623157e308", "0.1", "1.", ".5", "-0.0", "100000000000000000000.0", "true", "False", "~",
        "",
    ]

    private static func text(using random: inout SplitMix64) -> String {
        let text = texts.randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return text + (texts.randomElement(using: &random) ?? "")
        case 1:
            // What a number, a word or a date becomes with one character more, or less.
            var scalars = Array(text.unicodeScalars)
            let place = Int.random(in: 0...scalars.count, using: &random)
            if Bool.random(using: &random), place < scalars.count {
                scalars.remove(at: place)
            } else {
                scalars.insert("0123456789._-+:exobT ,~".unicodeScalars.randomElement(using: &random) ?? "0", at: place)
            }
            return String(String.UnicodeScalarView(scalars))
        default: return text
        }
    }

    /// In JSON's quotes, in which no text is anything else; every other character escaped.
    private static func quoted(_ text: String) -> String {
        "\""
            + text.unicodeScalars.map { scalar in
                scalar.isASCII && scalar.value >= 0x20 && scalar != "\"" && scalar != "\\" && scalar.value < 0x7F
                    ? String(scalar) : "\\U" + String(format: "%08X", scalar.value)
            }.joined() + "\""
    }

    private static func mapping(depth: Int, using random: inout SplitMix64) -> String {
        var keys = Set<[UInt8]>()
        let pairs = (0..<Int.random(in: 0..<8, using: &random)).compactMap { _ -> String? in
            let key = text(using: &random)
            guard keys.insert(Array(key.utf8)).inserted else { return nil }
            return "\(quoted(key)) : \(value(depth: depth - 1, using: &random))"
        }
        return "{\(pairs.joined(separator: ", "))}"
    }

    private static func value(depth: Int, using random: inout SplitMix64) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: return numbers.randomElement(using: &random) ?? "0"
        case 4: return mapping(depth: depth, using: &random)
        case 5:
            let items = (0..<Int.random(in: 0..<5, using: &random)).map { _ in value(depth: depth - 1, using: &random) }
            return "[\(items.map { $0.isEmpty ? "~" : $0 }.joined(separator: ", "))]"
        default: return quoted(text(using: &random))
        }
    }
}
