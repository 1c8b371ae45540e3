import AdminAPI
import Text

/// Texts as they fit a report.
enum ReportedText {
    /// A sentence, without control characters, and not longer than a report takes.
    static func line(_ text: String, atMost length: Int = Limits.reportedText) -> String {
        var line = ""
        for scalar in text.printable.unicodeScalars.prefix(length) { line.unicodeScalars.append(scalar) }
        return line
    }

    /// The end of an output.
    static func output(_ text: String) -> String {
        guard text.utf8.count > Limits.jobOutput else { return text }
        var rest = text.unicodeScalars[...]
        var size = text.utf8.count
        while size > Limits.jobOutput, let first = rest.popFirst() { size -= Unicode.UTF8.width(first) }
        return String(rest)
    }
}
