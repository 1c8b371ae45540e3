/// JSON text that is indented as `JSONEncoder` does it, its names sorted by their bytes; every name, text and number
/// stays byte by byte as it came. A name that is given twice stays, too.
package enum JSONIndenter {
    /// - Throws: what is not JSON, or nested too deep.
    package static func indented(_ json: [UInt8]) throws(JSONError) -> [UInt8] {
        let value = try JSONReader<Self>.read(json)
        var text: [UInt8] = []
        write(value, indentation: 0, to: &text)
        return text
    }

    private static func write(_ value: Value, indentation: Int, to text: inout [UInt8]) {
        switch value {
        case .scalar(let bytes): text += bytes
        case .array(let elements):
            write(elements, "[", "]", indentation, to: &text) { element, text in
                write(element, indentation: indentation + 2, to: &text)
            }
        case .object(let members):
            let sorted = members.sorted { $0.name.lexicographicallyPrecedes($1.name) }
            write(sorted, "{", "}", indentation, to: &text) { member, text in
                text += member.name
                text += " : ".utf8
                write(member.value, indentation: indentation + 2, to: &text)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], _ start: String, _ end: String, _ indentation: Int, to text: inout [UInt8],
        _ write: (Element, inout [UInt8]) -> Void
    ) {
        text += start.utf8
        if elements.isEmpty { text += "\n".utf8 }
        for (index, element) in elements.enumerated() {
            text += (index == 0 ? "\n" : ",\n").utf8
            text += [UInt8](repeating: UInt8(ascii: " "), count: indentation + 2)
            write(element, &text)
        }
        text += "\n".utf8
        text += [UInt8](repeating: UInt8(ascii: " "), count: indentation)
        text += end.utf8
    }
}

extension JSONIndenter: JSONAssembly {
    enum Value {
        /// A text with its quotes, a number or a word.
        case scalar(ArraySlice<UInt8>)
        case array([Value])
        case object([(name: ArraySlice<UInt8>, value: Value)])
    }

    /// Much more than a configuration may have.
    static let maximumDepth = 256
    static let maximumValues = Int.max
    static let takesNamesTwice = true

    static func word(_: JSONValue, _ text: ArraySlice<UInt8>) -> Value { .scalar(text) }

    static func number(_ text: ArraySlice<UInt8>, isPlain _: Bool) -> Value? { .scalar(text) }

    static func string(_: String, _ text: ArraySlice<UInt8>) -> Value { .scalar(text) }

    static func array(_ elements: [Value]) -> Value { .array(elements) }

    static func member(
        _: String, _ text: ArraySlice<UInt8>, _ value: Value
    ) -> (name: ArraySlice<UInt8>, value: Value) { (text, value) }

    static func object(_ members: [(name: ArraySlice<UInt8>, value: Value)]) -> Value { .object(members) }
}
