import Text

/// The difference between two texts, line by line, in the form of `diff -u`. Lines are compared by their bytes.
struct LineDifference: Equatable {
    /// A line of one text or of both.
    private struct Line: Equatable {
        /// Space: in both texts, `-`: only in the older, `+`: only in the newer.
        var sign: Unicode.Scalar
        var text: Substring
        /// Whether it is the last line of its text and has no line feed.
        var isOpen: Bool

        func signed(_ sign: Unicode.Scalar) -> Self { Self(sign: sign, text: text, isOpen: isOpen) }
    }

    private let lines: [Line]

    /// The number of equal lines that are shown around differences.
    private static let context = 3

    init(before: String, after: String) {
        let (old, new) = (Self.lines(of: before), Self.lines(of: after))
        var numbers = [Key: Int]()
        func number(_ line: Line) -> Int {
            if let known = numbers[Key(line)] { return known }
            numbers[Key(line)] = numbers.count
            return numbers.count - 1
        }
        let edits = SequenceEdits(from: old.map(number), to: new.map(number))
        var lines = [Line]()
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if i < old.count, edits.isRemoved[i] {
                lines.append(old[i].signed("-"))
                i += 1
            } else if j < new.count, edits.isInserted[j] {
                lines.append(new[j].signed("+"))
                j += 1
            } else {
                lines.append(new[j])
                i += 1
                j += 1
            }
        }
        self.lines = lines
    }

    var isEmpty: Bool { lines.allSatisfy { $0.sign == " " } }

    /// - Parameter header: the names of the older and the newer text.
    func text(header: (String, String)) -> String {
        var text = "--- \(header.0.printable)\n+++ \(header.1.printable)\n"
        // The number of lines of each text before the hunk.
        var (old, new, end) = (0, 0, 0)
        for hunk in hunks {
            for line in lines[end..<hunk.lowerBound] {
                if line.sign != "+" { old += 1 }
                if line.sign != "-" { new += 1 }
            }
            end = hunk.lowerBound
            let shown = lines[hunk]
            let (oldCount, newCount) = (shown.count { $0.sign != "+" }, shown.count { $0.sign != "-" })
            text +=
                "@@ -\(oldCount == 0 ? old : old + 1),\(oldCount) +\(newCount == 0 ? new : new + 1),\(newCount) @@\n"
            for line in shown {
                text += "\(line.sign)\(line.text.printableLines)\n"
                if line.isOpen { text += "\\ No newline at end of file\n" }
            }
        }
        return text
    }

    private var hunks: [Range<Int>] {
        var hunks = [Range<Int>]()
        for (index, line) in lines.enumerated() where line.sign != " " {
            let range = max(0, index - Self.context)..<min(lines.count, index + Self.context + 1)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return hunks
    }

    private static func lines(of text: String) -> [Line] {
        var lines = text.splitBytes("\n").map { Line(sign: " ", text: $0, isOpen: false) }
        if lines.last?.text.isEmpty == true { lines.removeLast() } else { lines[lines.count - 1].isOpen = true }
        return lines
    }

    /// The identity of a line for comparisons.
    private struct Key: Hashable {
        let text: ExactText
        let isOpen: Bool

        init(_ line: Line) {
            text = ExactText(line.text)
            isOpen = line.isOpen
        }
    }
}
