import Text

extension YAMLScalar {
    /// The text as a literal block scalar (YAML 1.2, section 8.1.2) with its lines indented; `nil` if it has one line
    /// only, or if such a scalar would not keep every byte.
    ///
    /// - Parameter indentation: spaces before each line, two more than before the line of the parent.
    func blockText(indentation: Int) -> String? {
        guard !isPlain, text.utf8.contains(0x0A), text.unicodeScalars.allSatisfy(Self.isKeptInBlocks),
            text.utf8.contains(where: { $0 != 0x0A && $0 != 0x20 && $0 != 0x09 })
        else { return nil }
        let lines = text.splitBytes("\n")
        let ending = lines.reversed().prefix { $0.isEmpty }.count
        // A last line of spaces has no line feed that would keep it from being taken for an empty one.
        guard ending > 0 || lines.last?.utf8.contains(where: { $0 != 0x20 && $0 != 0x09 }) == true else { return nil }
        // Without the number, a reader takes the indentation of the first line that has more than spaces.
        let begins = text.utf8.first == 0x20 || text.utf8.first == 0x09 || text.utf8.first == 0x0A
        let chomping = ending == 0 ? "-" : ending == 1 ? "" : "+"
        let margin = String(repeating: " ", count: indentation)
        var block = "|" + (begins ? "2" : "") + chomping + "\n"
        for line in ending == 0 ? lines[...] : lines.dropLast() {
            block += line.isEmpty ? "\n" : "\(margin)\(line)\n"
        }
        return block
    }

    /// Whether a reader of YAML 1.1 or 1.2 finds the character in a block as it was written. U+0085, U+2028 and
    /// U+2029 end a line for one of them, a carriage return for both, and a byte order mark is refused.
    private static func isKeptInBlocks(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
            0x10000...0x10FFFF:
            true
        default: false
        }
    }
}
