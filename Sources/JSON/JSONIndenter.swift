import Text

/// JSON text, indented like that of `JSONEncoder`, with names sorted by their bytes. Every name, text and number
/// keeps its bytes.
package struct JSONIndenter {
    /// The text is not JSON, or is nested too deeply.
    package struct Fault: Error {}

    /// The deepest nesting that is accepted: much more than a configuration may have.
    private static let maximumDepth = 256

    private enum Value {
        /// A text with its quotes, a number or a word.
        case scalar(ArraySlice<UInt8>)
        case array([Value])
        case object([(name: ArraySlice<UInt8>, value: Value)])
    }

    private var rest: ArraySlice<UInt8>

    /// Indents JSON text. Throws `Fault`.
    package static func indented(_ json: [UInt8]) throws -> [UInt8] {
        var reader = JSONIndenter(rest: json[...])
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.rest.isEmpty else { throw Fault() }
        var text: [UInt8] = []
        write(value, indentation: 0, to: &text)
        return text
    }

    // MARK: Reading

    private mutating func value(depth: Int) throws -> Value {
        skipSpace()
        guard depth <= Self.maximumDepth, let first = rest.first else { throw Fault() }
        switch first {
        case UInt8(ascii: "{"):
            var members: [(ArraySlice<UInt8>, Value)] = []
            try list(until: UInt8(ascii: "}")) { reader in
                let name = try reader.string()
                reader.skipSpace()
                try reader.skip(UInt8(ascii: ":"))
                members.append((name, try reader.value(depth: depth + 1)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [Value] = []
            try list(until: UInt8(ascii: "]")) { reader in elements.append(try reader.value(depth: depth + 1)) }
            return .array(elements)
        case UInt8(ascii: "\""): return .scalar(try string())
        default:
            let word = rest.prefix { !" \n\r\t,:[]{}\"".utf8.contains($0) }
            guard !word.isEmpty else { throw Fault() }
            rest = rest[word.endIndex...]
            return .scalar(word)
        }
    }

    private mutating func list(until end: UInt8, _ element: (inout Self) throws -> Void) throws {
        rest = rest.dropFirst()
        skipSpace()
        if rest.first == end {
            rest = rest.dropFirst()
            return
        }
        while true {
            skipSpace()
            try element(&self)
            skipSpace()
            if rest.first == end {
                rest = rest.dropFirst()
                return
            }
            try skip(UInt8(ascii: ","))
        }
    }

    private mutating func string() throws -> ArraySlice<UInt8> {
        let text = rest
        try skip(UInt8(ascii: "\""))
        while let byte = rest.first, byte != UInt8(ascii: "\"") {
            rest = rest.dropFirst(byte == UInt8(ascii: "\\") ? 2 : 1)
        }
        try skip(UInt8(ascii: "\""))
        return text[..<rest.startIndex]
    }

    private mutating func skip(_ byte: UInt8) throws {
        guard rest.first == byte else { throw Fault() }
        rest = rest.dropFirst()
    }

    private mutating func skipSpace() { rest = rest.drop { " \n\r\t".utf8.contains($0) } }

    // MARK: Writing

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
