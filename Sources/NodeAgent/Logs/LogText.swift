/// Bytes of a log as text.
package enum LogText {
    /// What of some bytes becomes at most `limit` bytes of text. What is no UTF-8 is replaced; a character whose rest may
    /// follow is left for the next time. Cost: linear.
    ///
    /// - Parameters:
    ///   - limit: at least 12.
    ///   - isWhole: whether nothing follows.
    /// - Returns: the text, and the number of bytes that it stands for.
    package static func text(_ bytes: ArraySlice<UInt8>, limit: Int, isWhole: Bool) -> (text: String, count: Int) {
        let part = isWhole && bytes.count <= limit ? bytes : whole(bytes.prefix(limit))
        let text = String(decoding: part, as: UTF8.self)
        guard text.utf8.count > limit else { return (text, part.count) }
        // A byte that is replaced becomes three.
        let less = whole(bytes.prefix(limit / 3))
        return (String(decoding: less, as: UTF8.self), less.count)
    }

    /// The bytes without a last character that may be incomplete.
    private static func whole(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        for length in 1...3 where length <= bytes.count {
            let byte = bytes[bytes.endIndex - length]
            if byte & 0xC0 == 0x80 { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return needed > length ? bytes.dropLast(length) : bytes
        }
        return bytes
    }
}
