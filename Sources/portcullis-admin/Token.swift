import Admin
import ArgumentParser
import CommandLineSupport
import Foundation

extension TokenRole: ExpressibleByArgument {}

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make, list and remove the API's bearer tokens.",
        discussion: """
            A running server takes the change up with its next request. As soon as there is one token, every request \
            needs one (but for /healthz, /readyz and /openapi.json).
            """,
        subcommands: [Add.self, List.self, Remove.self])

    /// Tells the operator something beside the result.
    private static func note(_ text: String) {
        StandardError.write("Note: \(text).")
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and print it; it is shown this once, the registry keeps a hash.")

        @OptionGroup var options: SettingsOptions
        @Argument(help: "Who will hold it; the event log shows this name.")
        var name: String
        @Option(
            help: ArgumentHelp(
                "admin: everything; read: everything but changes; gateway: the services export only; service: the "
                    + "configuration of one service, with its secrets.",
                valueName: "role"))
        var role: TokenRole
        @Option(help: ArgumentHelp("The service that a token of role service is of.", valueName: "type.index"))
        var service: String?

        func run() async throws {
            let path = try options.settings().database
            try Registry.refuseRootForOthers(path)
            let isNew = !FileManager.default.fileExists(atPath: path)
            let registry = try Registry.openOrMake(path)
            try StandardOutput.write(try await registry.tokens.add(name: name, role: role, service: service))
            if isNew { Token.note("\(path) is a new registry: there was none") }
            if let advice = TokenAdvice.afterAdding(try await registry.tokens.list()) { Token.note(advice) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tokens: name, role, when they were made, and of which service one is.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            let registry = try Registry.open(options.settings().database)
            let tokens = try await registry.tokens.list()
            let rows = tokens.map { [$0.name, $0.role.rawValue, $0.createdAt, $0.service ?? ""] }
            try StandardOutput.write(Table(["", "", "", ""], rows).body(indent: ""))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a token; it is refused from then on.")

        @OptionGroup var options: SettingsOptions
        @Argument(help: "The token's name.")
        var name: String

        func run() async throws {
            let registry = try Registry.open(options.settings().database)
            try await registry.tokens.remove(name: name)
            if let advice = TokenAdvice.afterRemoving(try await registry.tokens.list()) { Token.note(advice) }
        }
    }
}
