import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text

struct TypesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "types",
        abstract: "List, show and change service types.",
        subcommands: [
            ListTypes.self, ShowType.self, ListTypeRevisions.self, DiffType.self, RevertType.self, PutTypes.self,
            RemoveTypes.self,
        ],
        defaultSubcommand: ListTypes.self)
}

struct ListTypes: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List service types, sorted by type or changedAt.")

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await list.show(
            Listing<TypeSummary>(
                request: AdminRequest(.get, .types, query: list.query([:])), name: { $0.type },
                table: { types, _ in ResourceTables.types(types) }),
            client)
    }
}

struct ShowType: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a type's meta-configuration as it was written.")

    @Argument(help: "The service type.", completion: .names(.types), transform: NameArgument.read)
    var type: String

    @Option(help: "An earlier revision instead of the current one.")
    var revision: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let type = try await client.type(type, revision: revision)
        // A file or a program gets the text unchanged.
        try output.show(type, asText: StandardOutput.isTerminal ? type.source.printableLines : type.source)
    }
}

struct ListTypeRevisions: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "List a type's revisions: who wrote each, and when.")

    @Argument(help: "The service type.", completion: .names(.types), transform: NameArgument.read)
    var type: String

    @OptionGroup var output: TableOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let revisions = try await client.revisions(of: type)
        try output.show(revisions, ResourceTables.types(revisions))
    }
}

struct PutTypes: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Write the meta-configuration of one or more types, all or none.")

    @Argument(
        help: ArgumentHelp("Type files (YAML), one type each.", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var files: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(try await client.putTypes(inFiles: files, dryRun: change.dryRun), client)
    }
}

struct RemoveTypes: ExportChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove types that have no services.",
        discussion: "Its revisions and firewall marks are kept: `types revert TYPE --revision N` brings it back.")

    @Argument(
        help: ArgumentHelp("The service types.", valueName: "type"), completion: .names(.types),
        transform: NameArgument.read)
    var types: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        try await finish(
            try await client.remove(
                ApplyRemoval(types: types.withoutRepetition), dryRun: change.dryRun), client)
    }
}

extension AdminResources {
    /// Writes the types in files; in a dry run, returns what writing them would change.
    func putTypes(inFiles files: [String], dryRun: Bool) async throws -> ChangeReport {
        var places = SourceMap()
        let types = try files.enumerated().map { index, path in
            let file = try TypeFile(parsing: try LocalFile.text(path), path: path)
            places.add(file, at: index)
            return ApplyRequest.ServiceType(name: file.type, source: file.source)
        }
        let request = AdminRequest.change(.post, .apply, dryRun: dryRun).json(ApplyRequest(types: types))
        return try await value(request, places: places)
    }
}
