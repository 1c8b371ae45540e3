import ArgumentParser
import Testing

@testable import CommandLineSupport

@Suite struct CommandWordsTests {
    private struct List: ParsableCommand {}
    private struct Show: ParsableCommand {}
    private struct Drain: ParsableCommand {}
    private struct Services: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "services", subcommands: [List.self, Show.self, Drain.self], defaultSubcommand: List.self)
    }
    private struct ListPools: ParsableCommand, TakesAnyWord {
        static let configuration = CommandConfiguration(commandName: "list")
    }
    private struct Pools: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pools", subcommands: [ListPools.self], defaultSubcommand: ListPools.self)
    }
    private struct Apply: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "apply")
    }
    private struct Root: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "root", subcommands: [Services.self, Pools.self, Apply.self])
    }

    private func words(_ text: String) -> String {
        do throws(CommandWords.Unknown) {
            return try CommandWords.arguments(text.split(separator: " ").map(String.init), of: Root.self)
                .joined(separator: " ")
        } catch {
            return error.error.message
        }
    }

    @Test(
        "a name behind a group is shown; everything else stays",
        arguments: [
            ("services pgw.1", "services show pgw.1"), ("services pgw.1 -o json", "services show pgw.1 -o json"),
            ("services show pgw.1", "services show pgw.1"), ("services", "services"),
            ("services --state ready", "services --state ready"), ("services drain a b", "services drain a b"),
            ("services list x", "services list x"), ("pools tcn", "pools tcn"), ("apply fil", "apply fil"), ("", ""),
            ("help services", "help services"), ("services help", "services help"), ("--version", "--version"),
            ("---completion x", "---completion x"),
        ])
    func kept(given: String, expected: String) { #expect(words(given) == expected) }

    @Test(
        "a mistyped command is told with the one that was probably meant",
        arguments: [
            ("servcies", #""servcies" is no command of root; did you mean "services"?"#),
            ("nonsense x", #""nonsense" is no command of root; there are services, pools, apply"#),
            ("services drian pgw.1", #""drian" is no command of root services; did you mean "drain"?"#),
            ("services pgw.1 pgw.2", #""pgw.1" is no command of root services; there are list, show, drain"#),
            (
                "services lits",
                #""lits" is no command of root services; did you mean "list"? "#
                    + "If it is a name: root services show lits"
            ),
        ])
    func mistyped(given: String, message: String) { #expect(words(given) == message) }
}
