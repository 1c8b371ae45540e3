/// The section `.debug_names` of a program (ELF64, little-endian). gdb 13 finds neither lines nor variables by the one that
/// Swift 6.3 writes, and reads all that is needed where there is none.
package struct DebugNames: Sendable, Hashable {
    /// Where in the file the last character of the section's name is. Whoever replaces it hides the section.
    package let offset: Int
    /// What to write there.
    package static let replacement = UInt8(ascii: "-")

    /// Finds it; `nil`: the program has none, or is no program of that kind.
    ///
    /// - Parameter read: so many bytes of the file from an offset on; `nil` if they are not there.
    package init?(_ read: (_ offset: Int, _ count: Int) -> [UInt8]?) {
        guard let head = read(0, 64), head.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return nil }
        let start = Self.number(head, 40, 8)
        let size = Self.number(head, 58, 2)
        let count = Self.number(head, 60, 2)
        let names = Self.number(head, 62, 2)
        guard size == 64, names < count, start > 0, start < 1 << 40, let table = read(start, count * 64) else {
            return nil
        }
        let text = Self.number(table, names * 64 + 24, 8)
        let length = Self.number(table, names * 64 + 32, 8)
        guard text > 0, text < 1 << 40, length <= 1 << 20, let strings = read(text, length) else { return nil }
        let wanted = Array(".debug_names".utf8) + [0]
        for index in 0..<count {
            let name = Self.number(table, index * 64, 4)
            guard name + wanted.count <= strings.count, strings[name..<name + wanted.count].elementsEqual(wanted) else {
                continue
            }
            offset = text + name + wanted.count - 2
            return
        }
        return nil
    }

    /// At most 62 bits.
    private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> Int {
        var value: UInt64 = 0
        for index in (0..<size).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        return Int(min(value, UInt64(1) << 62))
    }
}
