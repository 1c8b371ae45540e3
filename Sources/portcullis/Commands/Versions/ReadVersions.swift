import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import CommandLineSupport
import JSON
import Versions

struct ListVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the versions of ADMIN or of a store, of all types or of one.",
        discussion:
            "A version of a store that cannot be read is named, the others are listed, and the exit status is 1.")

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String?

    @Option(help: ArgumentHelp("Only those that are marked so, at ADMIN.", valueName: "mark"))
    var mark: ServiceVersion.Mark?

    @OptionGroup var source: SourceOptions
    @OptionGroup var list: ListOptions

    func validate() throws {
        guard source.store == nil || mark == nil && !list.watch && list.sort == nil && list.limit == nil else {
            throw ValidationError("--mark, --sort, --limit and --watch are for ADMIN's versions, not for a store's")
        }
    }

    func run() async throws {
        try await source.withSource { source in
            switch source {
            case .store(let store): try show(store)
            case .admin(let client):
                let query = list.query([QueryParameter.type: type, QueryParameter.mark: mark?.rawValue])
                try await list.show(
                    Listing(
                        request: AdminRequest(.get, .versions, query: query),
                        name: { "\(VersionName(type: $0.type, name: $0.name, variant: $0.variant))" },
                        table: { rows, _ in VersionText.table(rows) }), client)
            }
        }
    }

    private func show(_ store: VersionStore) throws {
        let entries = try store.entries().filter { entry in type.map { $0 == entry.version.type } ?? true }
        var rows: [(manifest: Manifest, digest: ContentDigest, signatures: ManifestSignatures)] = []
        var isWhole = true
        for entry in entries {
            do {
                rows.append(
                    (try store.manifest(entry.digest), entry.digest, try store.signatures(entry.digest)))
            } catch {
                isWhole = false
                StandardError.write("Error: \(entry.version) cannot be read: \(error)")
            }
        }
        try list.table.output.show(
            json: .array(rows.map { VersionText.json($0.manifest, $0.digest, signatures: $0.signatures) }),
            asText: list.table.text(VersionText.table(rows)))
        if !isWhole { throw ExitCode.failure }
    }
}

struct ShowVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print what a version has: files, and what is executed.",
        discussion: "--manifest prints the exact bytes that are signed; -o json the same, formatted.")

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String

    @Argument(help: VersionArgument.help, completion: .versions)
    var version: VersionArgument

    @Flag(help: "Print the manifest as it is signed, byte by byte.")
    var manifest = false

    @OptionGroup var source: SourceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await source.withSource { source in
            let name = version.version(of: type)
            let version = try await source.version(name)
            if manifest { return try StandardOutput.write(version.bytes) }
            var kept: ServiceVersion?
            if case .admin(let client) = source { kept = try await client.serviceVersion(name) }
            try output.show(
                json: version.manifest.json,
                asText: VersionText.details(
                    version.manifest, version.digest, signatures: version.signatures, kept: kept))
        }
    }
}

struct DiffVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare two versions: files added, changed and removed, with their sizes.",
        discussion: "The exit code is 2 when they differ.")

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String

    @Argument(
        help: ArgumentHelp("The older version, as 1.4.0 or 1.4.0/debug.", valueName: "old"), completion: .versions)
    var old: VersionArgument

    @Argument(help: ArgumentHelp("The newer version.", valueName: "new"), completion: .versions)
    var new: VersionArgument

    @OptionGroup var source: SourceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await source.withSource { source in
            let before = try await source.version(old.version(of: type)).manifest
            let after = try await source.version(new.version(of: type)).manifest
            let difference = VersionDifference(from: before, to: after)
            try output.show(json: VersionText.json(difference), asText: VersionText.text(difference))
            if !difference.isEmpty { throw ExitCode(2) }
        }
    }
}
