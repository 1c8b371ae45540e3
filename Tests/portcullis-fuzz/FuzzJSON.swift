import ArgumentParser
import Fuzzing
import JSON

struct FuzzJSON: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "json", abstract: "JSON: read, written, indented, and read again.")

    @OptionGroup var options: FuzzOptions

    func run() throws {
        options.run(
            "json", corpus: [Self.bodies, Self.oddities].map { Array($0.utf8) },
            dictionary: [
                "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u0041", "\\ud83d\\ude00", "\\ud800", "\\u0000", "\\/",
                "null",
                "true", "false", "0", "-0", "1.0", "1e2", "1e999", "1e-400", "9007199254740993", "\u{FEFF}", "\u{2028}",
                " ", "\n", "\t", "\"a\":", "[[[[[[[[", "{\"a\":{\"a\":",
            ],
            body: { JSONValue.fuzz($0) })
    }

    private static let bodies = """
        {"locations": [{"name": "tcn", "description": "Groningen"}],
         "servers": [{"name": "app1", "location": "tcn", "kind": "app", "addresses": ["10.1.0.11", "fd00::11"]}],
         "services": [{"name": "tg.3", "server": "app1", "state": "drain", "weight": null}], "prune": false}
        """

    private static let oddities = #"""
        [{"": 1.5e3, "b": -0.0, "a\u0000b": "x\n\"\\\/\ud83d\ude00"}, [], {}, [[1, [2, [3]]]], 12345678901234567890]
        """#
}
