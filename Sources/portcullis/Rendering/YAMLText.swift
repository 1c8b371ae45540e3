import JSON
import YAML

/// YAML for `--output yaml`: the same as the JSON, with its members in the same order. Every character that could affect
/// a terminal is escaped.
enum YAMLText {
    static func text(_ json: JSONValue) -> String { node(json.sortedByName).yamlText() }

    private static func node(_ json: JSONValue) -> YAMLNode {
        let place = YAMLPosition(file: "", line: 1, column: 1)
        func plain(_ text: String) -> YAMLNode { YAMLNode(.scalar(YAMLScalar(text: text, isPlain: true)), at: place) }
        return switch json {
        case .null: plain("null")
        case .bool(let value): plain(value ? "true" : "false")
        case .integer(let number): plain("\(number)")
        case .number(let number): plain("\(number)")
        case .string(let text): YAMLNode(.scalar(YAMLScalar(text: text, isPlain: false)), at: place)
        case .array(let elements): YAMLNode(.sequence(elements.map(node)), at: place)
        case .object(let members):
            YAMLNode(
                .mapping(members.map { YAMLPair(key: YAMLKey($0.name, at: place), value: node($0.value)) }), at: place)
        }
    }
}
