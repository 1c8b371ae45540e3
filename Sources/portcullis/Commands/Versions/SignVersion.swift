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

    @Argument(help: TypeArgument.help, completion: .names(.types), transform: TypeArgument.read)
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
        let digest = try store.required(version)
        let key = try SigningKey(reading: key)
        if let end = key.description.end, Date() >= end {
            throw CommandError(
                "the key \(key.publicFile.title.printable) has ended, at \(end.formatted(.iso8601)): nothing is signed",
                hint: "`portcullis keys new` makes another; servers must be told to trust it.")
        }
        let bytes = try store.manifestBytes(digest)
        let manifest = try Manifest(reading: bytes)
        guard manifest.version == version else {
            throw CommandError("the store calls \(version) what its manifest calls \(manifest.version)")
        }
        _ = try ParallelWork.map(manifest.blobs) { try store.blobs.check($0) }
        let session = try StoreSession(store.blobs)
        defer { session.end() }
        try store.add(try key.sign(manifest: bytes), to: digest, session)
        let signatures = try store.signatures(digest)
        try output.show(
            json: VersionText.json(manifest, digest, signatures: signatures),
            asText: "\(version) \(digest): signed by \(key.publicFile.title.printable) (\(key.publicKey.id))")
    }
}
