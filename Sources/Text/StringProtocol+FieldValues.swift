/// The parts of a value of an HTTP header field (RFC 9110, section 5.6).
extension StringProtocol {
    /// The parts between the occurrences of an ASCII character that is not within a quoted string. A quoted string that
    /// does not end takes the rest of the text.
    public func splitOutsideQuotes(_ separator: Unicode.Scalar) -> [SubSequence] {
        var parts: [SubSequence] = []
        var start = utf8.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in utf8.indices {
            let byte = utf8[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if !isQuoted, byte == UInt8(ascii: separator) {
                parts.append(self[start..<index])
                start = utf8.index(after: index)
            }
        }
        parts.append(self[start...])
        return parts
    }

    /// The value of a parameter: the content of a quoted string, or the text as it is; `nil` for text that has a quote
    /// and is no quoted string.
    public var unquoted: String? {
        let bytes = utf8
        guard bytes.first == UInt8(ascii: "\"") else { return hasByte("\"") ? nil : String(self) }
        var content: [UInt8] = []
        var isEscaped = false
        var rest = bytes.dropFirst()
        while let byte = rest.popFirst() {
            if isEscaped {
                content.append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                return rest.isEmpty ? String(decoding: content, as: UTF8.self) : nil
            } else {
                content.append(byte)
            }
        }
        return nil
    }

    /// A parameter: its name in lower case, and its value; `nil` for text that is none.
    public var fieldParameter: (name: String, value: String)? {
        guard let sign = firstByte("="), let value = self[utf8.index(after: sign)...].unquoted else { return nil }
        return (self[..<sign].lowercased(), value)
    }
}
