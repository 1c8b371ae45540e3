package import Text

/// The name of a patch's file: a number, then a word that says what it is for: `0042_add_index.sql`. The number alone is
/// what orders and identifies it.
package struct PatchName: Sendable, Hashable {
    package let number: Int
    /// The number as it is written, with its zeros.
    @ExactText package private(set) var digits: String
    /// The name of the file.
    @ExactText package private(set) var file: String

    /// The most digits of a number: those of a time, `20270131120000`, and some more.
    package static let mostDigits = 18

    /// The rule, for messages.
    package static let form = "a number of 1 to 18 digits, then for example _add_index, then .sql"

    /// Reads the name of a file; `nil` if it has another form.
    package init?(file: String) {
        guard file.hasByteSuffix(".sql"), !file.unicodeScalars.contains(where: { $0.isDeceptive || $0.value == 0x2F })
        else {
            return nil
        }
        let stem = file.utf8.dropLast(4)
        let digits = stem.prefix { (0x30...0x39).contains($0) }
        guard (1...Self.mostDigits).contains(digits.count), let text = String(digits), let number = Int(text),
            number > 0
        else { return nil }
        if let next = stem.dropFirst(digits.count).first, ![0x5F, 0x2D, 0x2E].contains(next) { return nil }
        self.number = number
        self.digits = text
        self.file = file
    }

    /// Whether a file of the directory of patches must have the form of a patch's name. Others, such as a README, are
    /// left alone.
    package static func isWanted(file: String) -> Bool {
        guard let first = file.utf8.first, first != UInt8(ascii: ".") else { return false }
        return (0x30...0x39).contains(first) || file.lowercased().hasByteSuffix(".sql")
    }

    /// Whether somebody who writes `text` means this patch: by its number, its file, or its file without `.sql`.
    package func isMeant(by text: String) -> Bool {
        if let number = Self.number(text) { return number == self.number }
        return file.isExactly(text) || file.isExactly("\(text).sql")
    }

    /// A text of digits alone as a number; `nil` for another.
    package static func number(_ text: some StringProtocol) -> Int? {
        guard (1...mostDigits).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
