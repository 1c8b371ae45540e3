import Text
import YAML

extension OperatorFile {
    /// The text of the file with another current context, and otherwise with the same bytes: comments stay. The name
    /// after `context` is replaced, or a line is put before `contexts`.
    ///
    /// - Parameters:
    ///   - name: the name of one of the contexts.
    ///   - text: the text of which this was made.
    /// - Throws: if the text has a form (such as a YAML alias) in which nothing can be replaced safely.
    func text(using name: String, in text: String) throws(CommandError) -> String {
        var lines = text.splitBytes("\n").map { String($0) }
        if let current {
            let index = current.position.line - 1
            let line = Array(lines[index].unicodeScalars)
            let before = line[..<min(current.position.column - 1, line.count)]
            let value = Self.string(line[before.count...])
            let written = ["", "\"", "'"].map { $0 + current.name + $0 }.last { value.hasBytePrefix($0) }
            guard let written else { throw unwritable(name) }
            lines[index] = Self.string(before) + name + String(Substring(value.utf8.dropFirst(written.utf8.count)))
        } else if let contextsPosition, contextsPosition.column == 1 {
            lines.insert("context: \(name)", at: contextsPosition.line - 1)
        } else {
            throw unwritable(name)
        }
        let changed = lines.joined(separator: "\n")
        guard let again = try? OperatorFile(path: path, text: changed), again.current?.name == name,
            again.contexts.map(\.name) == contexts.map(\.name)
        else { throw unwritable(name) }
        return changed
    }

    private func unwritable(_ name: String) -> CommandError {
        CommandError(
            "\(path): this command does not know how to change \"context\" in a file of this form",
            hint: "Write it by hand: context: \(name)")
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }
}
