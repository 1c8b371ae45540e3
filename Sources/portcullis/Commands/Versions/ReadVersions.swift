import ArgumentParser
import CommandLineSupport
import JSON
import Versions

struct ListVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the versions in a store, of all types or of one.")

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: TableOptions

    func run() async throws {
        let store = try store.open()
        let entries = try store.entries().filter { entry in type.map { $0 == entry.version.type } ?? true }
        let rows = try entries.map { entry in
            (
                manifest: try store.manifest(entry.digest), digest: entry.digest,
                signatures: try store.signatures(entry.digest)
            )
        }
        try output.output.show(
            json: .array(rows.map { VersionText.json($0.manifest, $0.digest, signatures: $0.signatures) }),
            asText: output.text(VersionText.table(rows)))
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

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try store.open()
        let found = try store.found(version.version(of: type))
        if manifest { return try StandardOutput.write(found.bytes) }
        try output.show(
            json: found.manifest.json,
            asText: VersionText.details(
                found.manifest, found.digest, signatures: try store.signatures(found.digest)))
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

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try store.open()
        let before = try store.found(old.version(of: type)).manifest
        let after = try store.found(new.version(of: type)).manifest
        let difference = VersionDifference(from: before, to: after)
        try output.show(json: VersionText.json(difference), asText: VersionText.text(difference))
        if !difference.isEmpty { throw ExitCode(2) }
    }
}
