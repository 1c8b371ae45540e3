/// Rows of text in aligned columns, without borders.
struct Table: Equatable {
    /// A column's heading and the side its values keep to.
    struct Column: Equatable, ExpressibleByStringLiteral {
        enum Alignment { case left, right }

        let title: String
        let alignment: Alignment

        init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }

        init(stringLiteral title: String) { self.init(title) }
    }

    let columns: [Column]
    /// Each with as many values as there are columns.
    let rows: [[String]]

    init(_ columns: [Column], _ rows: [[String]]) {
        self.columns = columns
        self.rows = rows.map { $0.map(\.printable) }
    }

    /// The heading and the rows, one line each.
    var text: String { lines([columns.map(\.title)] + rows) }

    /// The rows alone, each after `indent`.
    func body(indent: String) -> String { lines(rows, indent: indent) }

    private func lines(_ lines: [[String]], indent: String = "") -> String {
        let widths = columns.indices.map { column in lines.reduce(0) { max($0, $1[column].count) } }
        return lines.map { line in
            var text = indent
            for (column, value) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - value.count)
                text += column == 0 ? "" : "  "
                text += columns[column].alignment == .left ? value + padding : padding + value
            }
            while text.last == " " { text.removeLast() }
            return text
        }.joined(separator: "\n")
    }
}

extension String {
    /// The text with control characters, which could play with a terminal, shown as `?`.
    var printable: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}
