import Text

/// Rows of text in aligned columns, without borders. Characters that could affect a terminal are escaped.
public struct Table: Equatable, Sendable {
    /// A column's heading and the alignment of its values.
    public struct Column: Equatable, Sendable, ExpressibleByStringLiteral {
        public enum Alignment: Sendable { case left, right }

        public let title: String
        public let alignment: Alignment

        public init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }

        public init(stringLiteral title: String) { self.init(title) }
    }

    public let columns: [Column]
    /// Rows, each with one value for each column.
    public let rows: [[String]]

    public init(_ columns: [Column], _ rows: [[String]]) {
        self.columns = columns
        self.rows = rows.map { $0.map(\.printable) }
    }

    /// The heading and the rows, one line each.
    public var text: String { lines([columns.map(\.title)] + rows) }

    /// The rows without the heading, each after `indent`.
    public func body(indent: String) -> String { lines(rows, indent: indent) }

    private func lines(_ lines: [[String]], indent: String = "") -> String {
        let widths = columns.indices.map { column in lines.reduce(0) { max($0, $1[column].count) } }
        return lines.map { line in
            var text = indent
            for (column, value) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - value.count)
                text += column == 0 ? "" : "  "
                text += columns[column].alignment == .left ? value + padding : padding + value
            }
            return String(text.withoutTrailingSpaces)
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate var withoutTrailingSpaces: Substring {
        let last = unicodeScalars.lastIndex { $0.value != 0x20 }
        return self[..<(last.map { unicodeScalars.index(after: $0) } ?? startIndex)]
    }
}
