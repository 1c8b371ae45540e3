import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Foundation
import JSON
import ServiceSupport
import Text
import VersionTransfer
import Versions

struct SignVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign a version with a private key.",
        discussion: """
            All of its files are read first and compared with the manifest. Look at `versions show` and `versions diff` \
            before you sign: servers execute what the manifest says.

            Without --store the version is one that ADMIN has, such as one that a server has built. --digest is needed \
            then: what `versions show` has printed, so that what is signed is what you have looked at. Its files are not \
            read; the manifest names each by its SHA-256.
            """)

    @Argument(help: TypeArgument.help, completion: .typesOfVersions, transform: TypeArgument.read)
    var type: String

    @Argument(help: VersionArgument.help, completion: .versions)
    var version: VersionArgument

    @Option(help: ArgumentHelp("The file of the private key.", valueName: "file"), completion: .file())
    var key: String

    @Option(
        help: ArgumentHelp("The SHA-256 of the manifest that is to be signed; another is refused.", valueName: "sha256")
    )
    var digest: String?

    @OptionGroup var source: SourceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let digest, ContentDigest(digest) == nil {
            throw ValidationError("--digest: \(digest.printed()) is no SHA-256, 64 lower-case hexadecimal digits")
        }
        guard source.store != nil || digest != nil else {
            throw ValidationError(
                "a version at ADMIN is signed by its --digest, which `versions show` prints; or --store names a store")
        }
    }

    func run() async throws {
        try await source.withSource { source in
            let version = version.version(of: type)
            let found = try await source.version(version)
            if let digest, !"\(found.digest)".isExactly(digest) {
                throw CommandError(
                    "\(version) has the manifest \(found.digest), which is not the one to be signed: nothing was signed",
                    hint: "Look at it again: `portcullis versions show`.")
            }
            let key = try SigningKey(reading: key)
            if let end = key.description.end, Date() >= end {
                throw CommandError(
                    "the key \(key.publicFile.title.printable) has ended, at \(end.formatted(.iso8601)): nothing is signed",
                    hint: "`portcullis keys new` makes another; servers must be told to trust it.")
            }
            let signatures: ManifestSignatures
            switch source {
            case .store(let store): signatures = try sign(found, key, in: store)
            case .admin(let client): signatures = try await sign(found, key, at: client)
            }
            try output.show(
                json: VersionText.json(found.manifest, found.digest, signatures: signatures),
                asText: "\(version) \(found.digest): signed by \(key.description.signature(of: key.publicKey))")
        }
    }

    private func sign(
        _ found: VersionSource.Version, _ key: SigningKey, in store: VersionStore
    ) throws -> ManifestSignatures {
        _ = try ParallelWork.map(found.manifest.blobs) { try store.blobs.check($0) }
        let session = try StoreSession(store.blobs)
        defer { session.end() }
        try store.add(try key.sign(manifest: found.bytes), to: found.digest, session)
        return try store.signatures(found.digest)
    }

    private func sign(
        _ found: VersionSource.Version, _ key: SigningKey, at client: AdminResources
    ) async throws -> ManifestSignatures {
        let signature = try key.sign(manifest: found.bytes)
        let version = found.manifest.version
        let _: ChangeReport = try await client.value(
            AdminRequest(.post, .signatures(of: version.name, version.type), query: version.query)
                .json(
                    VersionSignature(
                        key: signature.keyID, signature: Data(signature.bytes).base64EncodedString())))
        return try await client.signatures(of: found.digest)
    }
}
