import Text

/// A place in a file, for people.
package struct ScriptPlace: Sendable, Hashable {
    package let line: Int
    /// In code points, from 1.
    package let column: Int
    /// The line, or the part of a long one that is around the place, with a mark below the column.
    package let excerpt: String

    /// How many code points of a line are shown on each side of the place.
    private static let breadth = 60

    /// Cost: reads the file up to the place.
    package init(offset: Int, in bytes: [UInt8]) {
        let offset = min(max(offset, 0), bytes.count)
        line = bytes[..<offset].reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
        let start = bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let end = bytes[offset...].firstIndex(of: 0x0A) ?? bytes.count
        let before = String(decoding: bytes[start..<offset], as: UTF8.self).unicodeScalars
        let after = String(decoding: bytes[offset..<end], as: UTF8.self).unicodeScalars
        column = before.count + 1
        let left = String(String.UnicodeScalarView(before.suffix(Self.breadth)))
        let right = String(String.UnicodeScalarView(after.prefix(Self.breadth)))
        let shown = (before.count > Self.breadth ? "…" : "") + left.printable
        let number = String(line)
        excerpt =
            "  \(number) | \(shown)\(right.printable)\(after.count > Self.breadth ? "…" : "")\n"
            + "  \(String(repeating: " ", count: number.count)) | "
            + "\(String(repeating: " ", count: shown.unicodeScalars.count))^"
    }

    /// How many bytes of a text are before the code point of this number, counted from 1, as PostgreSQL tells positions.
    package static func offset(ofCodePoint number: Int, in bytes: ArraySlice<UInt8>) -> Int {
        var left = number
        for (index, byte) in bytes.enumerated() where byte & 0xC0 != 0x80 {
            left -= 1
            if left <= 0 { return index }
        }
        return bytes.count
    }
}
