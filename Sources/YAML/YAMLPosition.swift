/// A place in a YAML file, as editors count: line and column from 1, columns in characters.
public struct YAMLPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name the text was parsed under; what error messages start with.
    public let file: String
    public let line: Int
    public let column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `pgw.yaml:7:5`
    public var description: String { "\(file):\(line):\(column)" }

    /// `7:5`, or the whole place when `other` is in another file.
    func text(seenFrom other: YAMLPosition) -> String {
        file == other.file ? "\(line):\(column)" : description
    }

    public static func < (a: Self, b: Self) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}
