import AdminAPI
import AdminClient
public import ArgumentParser
import CommandLineSupport
import Foundation

struct TokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "Make, list and remove the tokens that requests to ADMIN carry.",
        subcommands: [ListTokens.self, AddToken.self, RemoveToken.self], defaultSubcommand: ListTokens.self)
}

struct ListTokens: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tokens: role, owner, when each ends and was last used.")

    @OptionGroup var output: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let tokens = try await client.tokens()
        try output.show(tokens, ResourceTables.tokens(tokens))
    }
}

struct AddToken: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a token and print it, this once: ADMIN keeps only a hash.")

    @Argument(help: "Who will hold it; the event log shows this name.", transform: NameArgument.read)
    var name: String

    @Option(
        help: ArgumentHelp(
            "admin: everything, or what --location and --type leave; read: everything, and dry runs; "
                + "gateway: the services export of one gateway's location; "
                + "service: the configuration of one service, with its secrets; "
                + "server: the assignments of one server; join: to be exchanged for that, once.", valueName: "role"))
    var role: TokenResource.Role

    @Option(
        help: ArgumentHelp("The service that a token of role service belongs to.", valueName: "type.index"),
        completion: .names(.services))
    var service: String?

    @Option(
        help: ArgumentHelp("The gateway that a token of role gateway belongs to.", valueName: "location/name"),
        completion: .names(.gatewaysWithLocations))
    var gateway: String?

    @Option(
        help:
            "The server that a token of role server or join belongs to, or on which alone one of role service counts.",
        completion: .names(.servers))
    var server: String?

    @OptionGroup var scope: ScopeOptions<NamesOfADMIN>

    @Option(help: ArgumentHelp("When it ends: \(Expiry.forms). (default: never)", valueName: "when"))
    var expires: String?

    @Flag(help: "Check the request and make no token.")
    var dryRun = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let end = try expires.map { text in
            guard let end = Expiry.date(text, now: Date()) else {
                throw ValidationError("--expires: \"\(text)\" is not \(Expiry.forms)")
            }
            return end.formatted(.iso8601)
        }
        let request = AdminRequest.change(.post, .tokens, dryRun: dryRun).json(
            TokenCreation(
                name: name, role: role, service: service, gateway: gateway,
                locations: scope.location.isEmpty ? nil : scope.location,
                types: scope.type.isEmpty ? nil : scope.type, expiresAt: end, server: server))
        let made: CreatedToken = try await client.value(request)
        guard let secret = made.secret else { return try output.show(made, asText: "the token \(name) would be made") }
        let removal = AdminRequest.change(.delete, .token(name), dryRun: false)
        try await ShownOnce.show("the token \(name)", takingBack: { _ = try await client.send(removal) }) {
            try output.show(made, asText: secret)
        }
    }
}

struct RemoveToken: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a token: ADMIN refuses it within a second, and ends its held polls.")

    @Argument(help: "The token's name.", transform: NameArgument.read)
    var name: String

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.delete, .token(name), dryRun: change.dryRun)
        try change.finish(try await client.value(request))
    }
}

extension TokenResource.Role: ExpressibleByArgument {}
