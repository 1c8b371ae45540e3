import ArgumentParser
import CommandLineSupport
import Foundation
import JSON
import ServiceSupport
import Text
import Versions

struct SignVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign a version with a private key.",
        discussion: """
            All of its files are read first and compared with the manifest. Look at `versions show` and `versions diff` \
            before you sign: servers execute what the manifest says.
            """)

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String

    @Argument(help: VersionArgument.help, completion: .versions)
    var version: VersionArgument

    @Option(help: ArgumentHelp("The file of the private key.", valueName: "file"), completion: .file())
    var key: String

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try store.open()
        let version = version.version(of: type)
        let found = try store.found(version)
        let key = try SigningKey(reading: key)
        if let end = key.description.end, Date() >= end {
            throw CommandError(
                "the key \(key.publicFile.title.printable) has ended, at \(end.formatted(.iso8601)): nothing is signed",
                hint: "`portcullis keys new` makes another; servers must be told to trust it.")
        }
        _ = try ParallelWork.map(found.manifest.blobs) { try store.blobs.check($0) }
        let session = try StoreSession(store.blobs)
        defer { session.end() }
        try store.add(try key.sign(manifest: found.bytes), to: found.digest, session)
        let signatures = try store.signatures(found.digest)
        try output.show(
            json: VersionText.json(found.manifest, found.digest, signatures: signatures),
            asText: "\(version) \(found.digest): signed by \(key.publicFile.title.printable) (\(key.publicKey.id))")
    }
}

struct RemoveVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove versions from a store, and the content that no other version has.",
        discussion: "Without a version, only what interrupted builds have left is removed.")

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String?

    @Argument(
        help: ArgumentHelp("The versions, as 1.5.0 or 1.5.0/debug.", valueName: "version"), completion: .versions)
    var versions: [VersionArgument] = []

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard type == nil || !versions.isEmpty else { throw ValidationError("name the versions to remove") }
    }

    func run() async throws {
        let store = try store.open()
        let names = versions.compactMap { version in type.map { version.version(of: $0) } }
        // All are there, or nothing is removed.
        for name in names { _ = try store.required(name) }
        for name in names { _ = try store.remove(name) }
        let collected = try store.collect()
        try output.show(
            json: [
                "versions": .array(names.map { .string("\($0)") }), "blobs": .integer(collected.count),
                "bytes": .integer(collected.bytes),
            ],
            asText: (names.map { "\($0): removed" }
                + [
                    "\(collected.count) blobs, \(ByteCount.text(collected.bytes)), are no longer needed and were removed"
                ])
                .joined(separator: "\n"))
    }
}
