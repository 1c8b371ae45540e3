import Admin
import AdminAPI
public import ArgumentParser
import CommandLineSupport
import Foundation
import Names
import Registry

extension TokenRole: ExpressibleByArgument {}

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make, list and remove the API's bearer tokens.",
        discussion: """
            A running server applies the change from its next request on. As soon as there is one token, every request \
            needs one, except for /healthz, /readyz and /openapi.json.
            """,
        subcommands: [Add.self, List.self, Remove.self])

    /// Prints a note for the operator, apart from the result.
    private static func note(_ text: String) {
        StandardError.write("Note: \(text).")
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and print it, this once: the registry keeps only a hash.")

        @OptionGroup var options: SettingsOptions
        @Argument(help: "Who will hold it; the event log shows this name.", transform: NameArgument.read)
        var name: String
        @Option(
            help: ArgumentHelp(
                "admin: everything, or what --location and --type leave; read: everything, and dry runs; "
                    + "gateway: the services export of one gateway's location; service: the configuration of one service, with its secrets; "
                    + "server: the assignments of one server; join: to be exchanged for that, once.",
                valueName: "role"))
        var role: TokenRole
        @Option(help: ArgumentHelp("The service that a token of role service belongs to.", valueName: "type.index"))
        var service: String?
        @Option(help: ArgumentHelp("The gateway that a token of role gateway belongs to.", valueName: "location/name"))
        var gateway: String?
        @Option(
            help:
                "The server that a token of role server or join belongs to, or on which alone one of role service counts."
        )
        var server: String?
        @OptionGroup var scope: ScopeOptions<NoNames>
        @Option(help: ArgumentHelp("When it ends: \(Expiry.forms). (default: never)", valueName: "when"))
        var expires: String?

        func run() async throws {
            let grant = TokenGrant(
                name: name, role: role, service: service,
                gateway: try gateway.map { text in
                    guard let id = GatewayID(text) else {
                        throw ValidationError("--gateway: \"\(text)\" is not LOCATION/NAME, as tcn/gw1")
                    }
                    return id
                },
                server: server, scope: ChangeScope(locations: scope.location, types: scope.type))
            let end = try expires.map { text in
                guard let end = Expiry.date(text, now: Date()) else {
                    throw ValidationError("--expires: \"\(text)\" is not \(Expiry.forms)")
                }
                return end
            }
            let path = try options.settings().database
            try Registry.refuseRootForOthers(path)
            let isNew = try Registry.isNew(path)
            let registry = try Registry.openOrMake(path)
            let secret = try await registry.tokens.add(grant, expires: end).secret
            try await ShownOnce.show("the token \(name)", takingBack: { try await registry.tokens.remove(name: name) })
            {
                try StandardOutput.write(secret)
            }
            if isNew { Token.note("\(path) is a new registry: there was none") }
            if let advice = TokenAdvice.afterAdding(try await registry.tokens.list()) { Token.note(advice) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tokens: name, role, gateway, service or scope, creation, expiry and last use.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            let registry = try Registry.open(options.settings().database)
            let tokens = try await registry.tokens.list()
            let rows = tokens.map { token in
                // As `portcullis tokens` has them
                [
                    token.name, token.role.rawValue, token.subject ?? "", token.createdAt,
                    token.expiresAt ?? "never", token.lastUsedAt ?? "never",
                ]
            }
            try StandardOutput.write(Table(["TOKEN", "ROLE", "OF", "CREATED", "EXPIRES", "LAST USED"], rows).text)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a token; ADMIN refuses it from then on.")

        @OptionGroup var options: SettingsOptions
        @Argument(help: "The token's name.", transform: NameArgument.read)
        var name: String

        func run() async throws {
            let registry = try Registry.open(options.settings().database)
            try await registry.tokens.remove(name: name)
            if let advice = TokenAdvice.afterRemoving(try await registry.tokens.list()) { Token.note(advice) }
        }
    }
}
