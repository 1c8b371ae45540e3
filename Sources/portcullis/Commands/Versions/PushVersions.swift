import ArgumentParser
import CommandLineSupport
import JSON
import Text
import VersionTransfer
import Versions

struct PushVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Send versions of a store to ADMIN, with their signatures.",
        discussion: """
            Only the contents that ADMIN lacks are sent, several at a time. What was interrupted goes on where ADMIN has \
            it. A version that is there already gets the signatures that are new. All contents in the store are compared \
            with the manifest before: of a version that was altered, nothing is sent. Without a type, all versions of the \
            store are sent; without versions, all of the type.
            """)

    @Argument(
        help: ArgumentHelp("The service type, or the SHA-256 of a manifest.", valueName: "type"),
        completion: .names(.types))
    var type: String?

    @Argument(
        help: ArgumentHelp("The versions, as 1.5.0 or 1.5.0/debug.", valueName: "version"), completion: .versions)
    var versions: [VersionArgument] = []

    @Flag(help: "Show what would be sent, and send nothing.")
    var dryRun = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard let type, ContentDigest(type) == nil else {
            guard versions.isEmpty else { throw ValidationError("a SHA-256 names a version by itself") }
            return
        }
        _ = try TypeArgument.read(type)
    }

    func run() async throws {
        let store = try store.open()
        let digests = try wanted(in: store)
        try await connection.withClient { client in
            var results: [VersionPush.Result] = []
            for digest in digests { results.append(try await client.push(digest, of: store, isDryRun: dryRun)) }
            try output.show(
                json: .array(results.map(\.json)),
                asText: results.map { $0.text(isDryRun: dryRun) }.joined(separator: "\n"))
        }
    }

    private func wanted(in store: VersionStore) throws -> [ContentDigest] {
        let entries = try store.entries()
        guard let type else { return entries.map(\.digest) }
        if let digest = ContentDigest(type) {
            guard entries.contains(where: { $0.digest == digest }) else {
                throw CommandError("there is no version with the manifest \(digest) in \(store.blobs.path.printable)")
            }
            return [digest]
        }
        guard versions.isEmpty else { return try versions.map { try store.required($0.version(of: type)) } }
        let found = entries.filter { $0.version.type.isExactly(type) }.map(\.digest)
        guard !found.isEmpty else {
            throw CommandError("there is no version of \(type) in \(store.blobs.path.printable)")
        }
        return found
    }
}
