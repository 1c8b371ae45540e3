package import Foundation
package import Versions

/// A version in a store of its own, as somebody has it who has just built it.
package struct SampleVersion: Sendable {
    package let manifest: Manifest
    package let bytes: [UInt8]
    package let store: VersionStore

    package var digest: ContentDigest { ContentDigest(of: bytes) }

    /// - Parameters:
    ///   - folder: where the store is, or is made.
    ///   - contents: of files that are called 0, 1, 2…
    package init(_ version: VersionName, _ contents: [String], in folder: URL) throws {
        let store = try VersionStore(opening: folder.appending(path: "built").path, making: true)
        let session = try StoreSession(store.blobs)
        defer { session.end() }
        let files = try contents.enumerated().map { index, content in
            let path = folder.appending(path: "source").path
            try Data(content.utf8).write(to: URL(filePath: path))
            return Manifest.File(
                path: "\(index)", mode: FileMode(bits: 0o644)!, blob: try session.add(try OpenFile.open(path)))
        }
        manifest = Manifest(version: version, files: files)
        bytes = manifest.bytes
        self.store = store
        _ = try store.add(manifest, session)
    }

    /// The compressed bytes of a content.
    package func compressed(_ blob: Blob) throws -> [UInt8] {
        guard let file = try store.blobs.compressed(blob.digest) else { throw StoreError.missing(blob.digest) }
        return try file.bytes(atMost: blob.compressedSize)
    }

    /// Signatures by keys, of which nobody knows whether they are right.
    package static func signatures(_ keys: String...) throws -> ManifestSignatures {
        let signature = Data(repeating: 1, count: 64).base64EncodedString()
        let texts = keys.map { #"{"key":"\#($0)","signature":"\#(signature)"}"# }
        return try ManifestSignatures(
            reading: Array(#"{"format":1,"signatures":[\#(texts.joined(separator: ","))]}"#.utf8))
    }
}
