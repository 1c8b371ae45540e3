import ArgumentParser
import Text

/// ArgumentParser wraps all of a help text but the usage, and knows a command's usage only while it parses.
enum UsageText {
    /// What ArgumentParser prints of an error in a command's arguments: the error and the command's usage. Of an error
    /// that `run` throws it would print the usage of the root.
    static func message(
        _ error: ValidationError, of command: any ParsableCommand.Type, in root: any ParsableCommand.Type
    ) -> String {
        let names = (path(to: command, in: root) ?? [root]).map { $0._commandName }.joined(separator: " ")
        return """
            Error: \(error.message)
            Usage: \(root.usageString(for: command))
              See '\(names) --help' for more information.
            """
    }

    /// The commands from the root to one of its subcommands. Cost: walks over all commands.
    private static func path(
        to command: any ParsableCommand.Type, in root: any ParsableCommand.Type
    ) -> [any ParsableCommand.Type]? {
        if root == command { return [root] }
        for next in root.configuration.subcommands {
            if let rest = path(to: command, in: next) { return [root] + rest }
        }
        return nil
    }

    /// The message with each long word of the command line cut: ArgumentParser repeats a value that it refuses as a whole.
    ///
    /// - Parameter words: the command line.
    static func shortened(_ text: String, _ words: [String]) -> String {
        // Of `--to=VALUE` the value alone is repeated.
        let values = words + words.flatMap { word in word.splitBytes("=", maxSplits: 1).dropFirst().map(String.init) }
        return values.filter { $0.unicodeScalars.count > 200 }.sorted { $0.utf8.count > $1.utf8.count }
            .reduce(text) { text, word in
                // exact: these are bytes
                let bytes = Array(text.utf8).replacing(Array(word.utf8), with: Array(word.shownName().utf8))
                return String(decoding: bytes, as: UTF8.self)
            }
    }

    /// The text with each usage that is longer than a terminal's line put on several, no option being torn apart.
    static func wrapped(_ text: String, columns: Int = 80) -> String {
        text.splitBytes("\n").map { line in
            for mark in ["USAGE: ", "Usage: "] where line.hasBytePrefix(mark) && line.utf8.count > columns {
                return wrapped(parts: parts(of: line.utf8.dropFirst(mark.utf8.count)), behind: mark, columns)
            }
            return String(line)
        }.joined(separator: "\n")
    }

    private static func wrapped(parts: [String], behind mark: String, _ columns: Int) -> String {
        let indentation = String(repeating: " ", count: mark.utf8.count)
        var lines: [String] = []
        var line = mark
        for part in parts {
            if line.utf8.count + 1 + part.utf8.count > columns, line.utf8.count > mark.utf8.count {
                lines.append(line)
                line = indentation
            }
            line += line.utf8.count > mark.utf8.count ? " \(part)" : part
        }
        return (lines + [line]).joined(separator: "\n")
    }

    /// The command's words and options, each with its value: `[--type <type>]`, `--role <role>`, `<file> ...`.
    private static func parts(of usage: Substring.UTF8View) -> [String] {
        var parts: [String] = []
        var depth = 0
        for word in Substring(usage).splitBytes(" ") {
            let isValue =
                word.hasBytePrefix("<") && parts.last.map { $0.hasBytePrefix("--") && !$0.hasByte(" ") } == true
            if depth > 0 || isValue || word.hasBytePrefix("...") {
                parts[parts.count - 1] += " \(word)"
            } else {
                parts.append(String(word))
            }
            depth += word.utf8.count { $0 == UInt8(ascii: "[") } - word.utf8.count { $0 == UInt8(ascii: "]") }
        }
        return parts
    }
}
