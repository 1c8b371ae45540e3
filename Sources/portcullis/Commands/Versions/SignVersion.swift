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
