import ArgumentParser
import Text
import YAML

/// A group of commands whose default command takes a word of its own: any word may stand in the place of a subcommand.
public protocol TakesAnyWord {}

/// The words at the beginning of a command line, which name commands.
enum CommandWords {
    /// A word that names no command of a group.
    struct Unknown: Error {
        let group: any ParsableCommand.Type
        let error: ValidationError
    }

    /// The arguments in the form that ArgumentParser reads: a name behind a group that has `show` is what is shown, so
    /// `services pgw.1` is `services show pgw.1`.
    ///
    /// - Throws: `Unknown` for a word that is no command of its group, with the command that was probably meant.
    static func arguments(_ given: [String], of root: any ParsableCommand.Type) throws(Unknown) -> [String] {
        var group = root
        var path = [root._commandName]
        for (index, word) in given.enumerated() {
            let commands = group.configuration.subcommands
            guard !commands.isEmpty, !word.hasBytePrefix("-"), !word.isExactly("help") else { return given }
            if let next = commands.first(where: { $0.isNamed(word) }) {
                group = next
                path.append(word)
                continue
            }
            if group.configuration.defaultSubcommand is any TakesAnyWord.Type { return given }
            let names = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
            let show = "show"
            let canShow = names.contains { $0.isExactly(show) } && group.configuration.defaultSubcommand != nil
            let near = nearest(to: word, among: names)
            let isAlone = given.dropFirst(index + 1).first.map { $0.hasBytePrefix("-") } ?? true
            if canShow, near == nil, isAlone {
                return Array(given[..<index]) + [show] + given[index...]
            }
            var message = "\(word.printed(atMost: 80)) is no command of \(path.joined(separator: " "))"
            message += near.map { "; did you mean \"\($0)\"?" } ?? "; there are \(names.joined(separator: ", "))"
            if canShow, isAlone { message += " If it is a name: \((path + [show, word]).joined(separator: " "))" }
            throw Unknown(group: group, error: ValidationError(message))
        }
        return given
    }
}

extension ParsableCommand {
    fileprivate static func isNamed(_ word: String) -> Bool {
        _commandName.isExactly(word) || configuration.aliases.contains { $0.isExactly(word) }
    }
}
