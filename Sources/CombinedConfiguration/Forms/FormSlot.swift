import JSON
import Text
import YAML

/// A gap of a form: what is put in, for each service anew.
enum FormSlot {
    /// A variable of the service.
    case variable(Reference)
    /// A value of the configuration, or what stands for one that is not there.
    case constant(VariableValue)
    /// A text that others refer to; its slots come before it.
    case text([Part])

    enum Part {
        case literal(String)
        case slot(Int)
    }

    /// - Parameter earlier: The values of the slots before it.
    /// - Returns: `nil` when there is none.
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

/// What a gap is filled with.
struct SlotValue {
    let json: [UInt8]
    /// The value within a text, as JSON.
    let escaped: ArraySlice<UInt8>
    /// Bytes of the value within a text; `nil` for one that cannot be in a text.
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

    /// - Parameter text: As JSON, without quotes.
    init(text: [UInt8], count: Int) {
        json = [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
        escaped = json.dropFirst().dropLast()
        textCount = count
    }
}
