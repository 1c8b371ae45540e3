import JSON
import Text
import YAML

/// A gap of a form, which each service fills in with its own value.
enum FormSlot {
    /// A variable of the service.
    case variable(Reference)
    /// A value of the configuration, or the default of one that does not exist.
    case constant(VariableValue)
    /// A text to which other values refer. Its slots come before it.
    case text([Part])

    enum Part {
        case literal(String)
        case slot(Int)
    }

    /// - Parameter earlier: the values of the earlier slots.
    /// - Returns: `nil` if there is no value.
    func value(_ source: some VariableSource, _ earlier: [SlotValue]) -> SlotValue? {
        switch self {
        case .constant(let value): return SlotValue(value)
        case .variable(let reference):
            switch source.value(of: reference.variable) {
            case .value(let value): return SlotValue(value)
            case .undefined: return reference.fallback.map(SlotValue.init)
            }
        case .text(let parts):
            var (escaped, count) = ([UInt8](), 0)
            for part in parts {
                switch part {
                case .literal(let text):
                    JSONWriter.escape(text, into: &escaped)
                    count += text.utf8.count
                case .slot(let slot):
                    guard let length = earlier[slot].textCount else { return nil }
                    escaped += earlier[slot].escaped
                    count += length
                }
                guard count <= ConfigurationTemplate.longestText else { return nil }
            }
            return SlotValue(text: escaped, count: count)
        }
    }
}

/// The value for a gap.
struct SlotValue {
    let json: [UInt8]
    /// The value within a text, JSON-escaped.
    let escaped: ArraySlice<UInt8>
    /// The size of the value within a text, in bytes; `nil` if it cannot be part of a text.
    let textCount: Int?

    init(_ value: VariableValue) {
        var writer = JSONWriter()
        switch value {
        case .list(let items):
            writer.write(items)
            (json, escaped, textCount) = (writer.bytes, [], nil)
        case .scalar(let scalar):
            writer.write(scalar)
            json = writer.bytes
            if case .null = scalar.resolved {
                (escaped, textCount) = ([], nil)
            } else {
                var text = [UInt8]()
                JSONWriter.escape(scalar.text, into: &text)
                (escaped, textCount) = (text[...], scalar.text.utf8.count)
            }
        }
    }

    /// - Parameter text: the JSON-escaped text without quotes.
    init(text: [UInt8], count: Int) {
        json = [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
        escaped = json.dropFirst().dropLast()
        textCount = count
    }
}
