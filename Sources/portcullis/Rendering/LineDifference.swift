/// How two texts differ, line by line, as `diff -u` shows it.
struct LineDifference: Equatable {
    /// A line of one text or of both.
    private struct Line: Equatable {
        /// Space: in both, `-`: in the older, `+`: in the newer.
        var sign: Character
        var text: Substring
    }

    private let lines: [Line]

    /// Lines that are the same, shown around those that differ.
    private static let context = 3

    init(before: String, after: String) {
        let (old, new) = (Self.lines(of: before), Self.lines(of: after))
        var removed = Set<Int>()
        var inserted = Set<Int>()
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines = [Line]()
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if removed.contains(i) {
                lines.append(Line(sign: "-", text: old[i]))
                i += 1
            } else if inserted.contains(j) {
                lines.append(Line(sign: "+", text: new[j]))
                j += 1
            } else {
                lines.append(Line(sign: " ", text: new[j]))
                i += 1
                j += 1
            }
        }
        self.lines = lines
    }

    var isEmpty: Bool { lines.allSatisfy { $0.sign == " " } }

    /// - Parameter header: What the older and the newer are called.
    func text(header: (String, String)) -> String {
        var text = "--- \(header.0)\n+++ \(header.1)\n"
        for hunk in hunks {
            let before = lines[..<hunk.lowerBound]
            let (old, new) = (before.count { $0.sign != "+" }, before.count { $0.sign != "-" })
            let shown = lines[hunk]
            let (oldCount, newCount) = (shown.count { $0.sign != "+" }, shown.count { $0.sign != "-" })
            text +=
                "@@ -\(oldCount == 0 ? old : old + 1),\(oldCount) +\(newCount == 0 ? new : new + 1),\(newCount) @@\n"
            for line in shown { text += "\(line.sign)\(String(line.text).printable)\n" }
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

    private static func lines(of text: String) -> [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
