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
