import ArgumentParser
import Testing

@testable import CommandLineSupport

@Suite struct UsageTextTests {
    @Test("a long usage is put on several lines, and no option is torn apart")
    func long() {
        let usage =
            "USAGE: portcullis marks release [<marks> ...] [--dry-run] [--all-rows] [--output <output>] --role <role> "
            + "<file> ... [--timeout <timeout>]"
        #expect(
            UsageText.wrapped("\(usage)\n\nOPTIONS:") == """
                USAGE: portcullis marks release [<marks> ...] [--dry-run] [--all-rows]
                       [--output <output>] --role <role> <file> ... [--timeout <timeout>]

                OPTIONS:
                """)
        let narrow = UsageText.wrapped(usage, columns: 20).split(separator: "\n")
        #expect(narrow.contains("       [--output <output>]") && narrow.contains("       <file> ..."))
    }

    @Test("all other text stays, a long line too")
    func other() {
        let text = "OVERVIEW: \(String(repeating: "a b ", count: 40))\nUSAGE: portcullis <subcommand>\n"
        #expect(UsageText.wrapped(text) == text)
    }
}

@Suite struct UsageErrorTests {
    private struct Root: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "root", subcommands: [Things.self])
    }

    private struct Things: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "things", subcommands: [Show.self])
    }

    private struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show")
        @Argument var name: String?
    }

    @Test("an error in its arguments that a command finds while it runs is shown with its own usage")
    func own() {
        let error = ValidationError("name a thing: a, b")
        #expect(
            UsageText.message(error, of: Show.self, in: Root.self) == """
                Error: name a thing: a, b
                Usage: root things show [<name>]
                  See 'root things show --help' for more information.
                """)
        #expect(
            UsageText.message(error, of: Root.self, in: Root.self).hasSuffix("See 'root --help' for more information."))
    }

    @Test("long words of the command line are cut in the message that repeats them, also behind an option's sign")
    func longWords() {
        let long = String(repeating: "a", count: 10_000)
        let cut = String(repeating: "a", count: 80) + "…"
        for words in [["upgrade", "--to", long], ["upgrade", "--to=\(long)"]] {
            #expect(
                UsageText.shortened("Error: The value '\(long)' is invalid for '--to <version>'", words)
                    == "Error: The value '\(cut)' is invalid for '--to <version>'")
        }
        let short = "Error: The value 'x' is invalid for '--to <version>'"
        #expect(UsageText.shortened(short, ["upgrade", "--to", "x"]) == short)
    }
}
