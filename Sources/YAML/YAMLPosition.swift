/// A place in a YAML file, counted like in editors: line and column from 1, columns in characters.
public struct YAMLPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name of the file, with which error messages begin.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column in characters, from 1.
    public let column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The place of a byte. The column counts the characters that begin before it. Cost: a walk over the text before
    /// it.
    init(file: String, ofByte offset: Int, in text: UnsafeBufferPointer<UInt8>) {
        let before = text.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        self.init(
            file: file, line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1)
    }

    /// `pgw.yaml:7:5`
    public var description: String { "\(file):\(line):\(column)" }

    /// `7:5`; with the file's name if `other` is in another file.
    func text(seenFrom other: YAMLPosition) -> String {
        file == other.file ? "\(line):\(column)" : description
    }

    public static func < (a: Self, b: Self) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}
