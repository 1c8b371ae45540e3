import Text

/// Rows of text in aligned columns, without borders. Characters that could affect a terminal are escaped.
public struct Table: Equatable, Sendable {
    /// A column's heading and the alignment of its values.
    public struct Column: Equatable, Sendable, ExpressibleByStringLiteral {
        public enum Alignment: Sendable { case left, right }

        public let title: String
        public let alignment: Alignment
        /// Whether its values are states, which have a color at a terminal.
        public let isState: Bool

        public init(_ title: String, _ alignment: Alignment = .left, isState: Bool = false) {
            self.title = title
            self.alignment = alignment
            self.isState = isState
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
    public var text: String { text(hasHeading: true) }

    /// The heading, if it is wanted, and the rows.
    ///
    /// - Parameter isColored: whether states have colors.
    public func text(hasHeading: Bool, isColored: Bool = false) -> String {
        lines((hasHeading ? [columns.map(\.title)] : []) + rows, isColored: isColored)
    }

    /// The rows without the heading, each after `indent`.
    ///
    /// - Parameter other: a table whose columns these rows continue.
    public func body(indent: String, continuing other: Table? = nil, isColored: Bool = false) -> String {
        lines(
            rows, indent: indent, other: other.map { [$0.columns.map(\.title)] + $0.rows } ?? [], isColored: isColored)
    }

    /// - Parameter other: lines that stand above these ones.
    private func lines(
        _ lines: [[String]], indent: String = "", other: [[String]] = [], isColored: Bool = false
    ) -> String {
        // A table that is continued may have had fewer columns.
        let widths = columns.indices.map { column in
            (lines + other).reduce(0) { column < $1.count ? max($0, $1[column].count) : $0 }
        }
        return lines.map { line in
            var text = indent
            for (column, value) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - value.count)
                let color = isColored && columns[column].isState ? StateColor(of: value) : nil
                let shown = color?.paint(value) ?? value
                text += column == 0 ? "" : "  "
                text += columns[column].alignment == .left ? shown + padding : padding + shown
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
