import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "List and show the nodes of servers, have servers join, and take them out.",
        subcommands: [ListNodes.self, ShowNode.self, JoinNode.self, RemoveNode.self],
        defaultSubcommand: ListNodes.self)
}

struct ListNodes: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List servers as their nodes tell of them: seen, services, disk, load.")

    @Option(help: "Only those of a location.", completion: .names(.locations))
    var location: String?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await list.show(
            Listing<NodeResource>(
                request: AdminRequest(.get, .nodes, query: list.query([QueryParameter.location: location])),
                name: { $0.server },
                settled: { node in
                    var node = node
                    (node.age, node.seen, node.load, node.freeMemory, node.freeDisk) = (nil, nil, nil, nil, nil)
                    return node
                }, table: { nodes, isWide in NodesText.table(nodes, isWide: isWide) }), client)
    }
}

struct ShowNode: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a server's node: what runs there, its drives, and what differs.")

    @Argument(help: "The server.", completion: .names(.servers), transform: NameArgument.read)
    var server: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let node: NodeDetail = try await client.value(AdminRequest(.get, .node(of: server)))
        try output.show(node, asText: NodesText.node(node))
    }
}

struct JoinNode: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Make the token by which a server joins, and print it, this once.",
        discussion: """
            It is exchanged once, by `portcullis-node join` on the server, and only until it ends. A token that was made \
            before goes. The server's own token stays valid until the exchange.
            """)

    @Argument(help: "The server.", completion: .names(.servers), transform: NameArgument.read)
    var server: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("When it ends (\(TimeSpan.forms)). (default: 1h)", valueName: "duration"))
    var text: String?

    @Flag(help: "Check the request and make no token.")
    var dryRun = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard let text else { return }
        guard let seconds = TimeSpan.seconds(text), Limits.joinSeconds.contains(seconds) else {
            throw ValidationError("--for: \(text) is not a time from a minute to a week, such as \(TimeSpan.forms)")
        }
    }

    func run(_ client: AdminResources) async throws {
        let made: CreatedToken = try await client.value(
            AdminRequest.change(.post, .joining(of: server), dryRun: dryRun)
                .json(JoinTokenCreation(seconds: text.flatMap(TimeSpan.seconds))))
        guard let secret = made.secret else {
            return try output.show(made, asText: "a token for joining would be made")
        }
        let removal = AdminRequest.change(.delete, .token(made.token.name), dryRun: false)
        try await ShownOnce.show("the token \(made.token.name)", takingBack: { _ = try await client.send(removal) }) {
            try output.show(made, asText: secret)
        }
    }
}

struct RemoveNode: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take away the tokens of a server and of its services; what runs there goes on.",
        discussion: "ADMIN refuses them within a second, and ends polls with them. `nodes join` lets it back in.")

    @Argument(help: "The server.", completion: .names(.servers), transform: NameArgument.read)
    var server: String

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let request = AdminRequest.change(.delete, .node(of: server), dryRun: change.dryRun)
        try change.finish(try await client.value(request))
    }
}
