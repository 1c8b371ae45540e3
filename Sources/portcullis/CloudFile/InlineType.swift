import Text
import YAML

/// The text of a type that stands in a cloud file, as the value of `source`.
struct InlineType: Equatable {
    let source: String
    /// Where the value begins in the cloud file.
    let position: YAMLPosition
    /// How far a place in the text is from its place in the cloud file; `nil` if the text does not stand there line by
    /// line, because it is quoted.
    private let shift: Shift?

    private struct Shift: Equatable {
        var lines: Int
        var columns: Int
    }

    /// - Parameter lines: the lines of the cloud file.
    init(source: String, position: YAMLPosition, lines: [Substring]) {
        self.source = source
        self.position = position
        shift = Self.shift(of: source, at: position, in: lines)
    }

    /// The lines of a literal block (`|`) follow the line with the bar, all indented by as much.
    private static func shift(of source: String, at position: YAMLPosition, in lines: [Substring]) -> Shift? {
        let text = source.splitBytes("\n")
        guard lines.indices.contains(position.line - 1),
            // exact: columns count code points, and one is compared
            lines[position.line - 1].unicodeScalars.dropFirst(position.column - 1).first == "|",
            let index = text.firstIndex(where: { !$0.withoutSurroundingSpace.isEmpty }),
            lines.indices.contains(position.line + index)
        else { return nil }
        let line = lines[position.line + index]
        let content = line.hasByteSuffix("\r") ? Substring(line.utf8.dropLast()) : line
        guard content.hasByteSuffix(text[index]) else { return nil }
        return Shift(lines: position.line, columns: content.utf8.count - text[index].utf8.count)
    }

    /// The place in the cloud file of a place in the text; if it is not known, that of the whole text.
    func position(line: Int, column: Int) -> YAMLPosition {
        guard let shift else { return position }
        return YAMLPosition(file: position.file, line: line + shift.lines, column: column + shift.columns)
    }

    /// An error of the text as one of the cloud file: with its place there, and with that of another line which the
    /// message names (`is there already, at 1:1`).
    func error(_ error: YAMLError) -> YAMLError {
        var isPlace = false
        let words = error.message.splitBytes(" ").map { word in
            defer { isPlace = word.isExactly("at") }
            let numbers = word.splitBytes(":").map { Int($0) }
            guard isPlace, numbers.count == 2, let line = numbers[0], let column = numbers[1] else {
                return String(word)
            }
            let place = position(line: line, column: column)
            return "\(place.line):\(place.column)"
        }
        return YAMLError(
            position(line: error.position.line, column: error.position.column), words.joined(separator: " "))
    }
}
