import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport
import Text
import VersionTransfer
import Versions

/// Where versions are read: at ADMIN, or in a store.
struct SourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A directory that has the versions, instead of ADMIN.", valueName: "directory"),
        completion: .directory)
    var store: String?

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard store != "" else { throw ValidationError("--store: a path is not empty") }
    }

    /// Runs `body` with the versions of the store, or of ADMIN.
    func withSource(_ body: (VersionSource) async throws -> Void) async throws {
        if let store { return try await body(.store(try VersionStore(opening: store))) }
        try await connection.withClient { client in try await body(.admin(client)) }
    }
}

/// Versions that can be read.
enum VersionSource: Sendable {
    case store(VersionStore)
    case admin(AdminResources)

    /// A version: the exact bytes of its manifest, what they say, and who has signed it.
    struct Version: Sendable {
        let bytes: [UInt8]
        let digest: ContentDigest
        let manifest: Manifest
        let signatures: ManifestSignatures
    }

    /// A version that must be there, and whose manifest must be of it.
    func version(_ name: VersionName) async throws -> Version {
        switch self {
        case .store(let store):
            let found = try store.found(name)
            return Version(
                bytes: found.bytes, digest: found.digest, manifest: found.manifest,
                signatures: try store.signatures(found.digest))
        case .admin(let client):
            // The digest comes from the bytes: whatever ADMIN calls them, these were read.
            let bytes = try await client.manifest(of: name)
            let digest = ContentDigest(of: bytes)
            let manifest: Manifest
            do throws(ManifestError) {
                manifest = try Manifest(reading: bytes)
            } catch {
                throw CommandError("ADMIN's manifest of \(name) cannot be read:\n\(error)")
            }
            guard manifest.version == name else {
                throw CommandError("what ADMIN calls \(name) is \(manifest.version), according to its manifest")
            }
            return Version(
                bytes: bytes, digest: digest, manifest: manifest, signatures: try await client.signatures(of: digest))
        }
    }
}

extension AdminResources {
    /// The exact bytes of a version's manifest.
    func manifest(of version: VersionName) async throws -> [UInt8] {
        var request = AdminRequest(.get, .manifest(of: version.name, version.type), query: version.query)
        request.limit = Manifest.largest
        return try await content(MediaType.json, request)
    }

    func signatures(of manifest: ContentDigest) async throws -> ManifestSignatures {
        let bytes = try await content(
            MediaType.json, AdminRequest(.get, .signatures(ofManifest: manifest.description)))
        do throws(ManifestError) {
            return try ManifestSignatures(reading: bytes)
        } catch {
            throw CommandError("ADMIN's signatures of the manifest \(manifest.short)… cannot be read: \(error)")
        }
    }

    func serviceVersion(_ version: VersionName) async throws -> ServiceVersion {
        try await value(AdminRequest(.get, .version(version.name, of: version.type), query: version.query))
    }
}
