import AdminAPI
import AdminClient
import CommandLineSupport
import VersionTransfer
import Versions

/// Brings a version of ADMIN into a store: the contents that the store lacks, then the manifest with its signatures.
struct VersionPull: Sendable {
    let client: AdminResources
    let store: VersionStore

    /// Bytes that are fetched at once.
    private static let piece = 8 << 20

    /// Returns how many contents have come, and their compressed bytes.
    func pull(_ version: VersionSource.Version) async throws -> (blobs: Int, bytes: Int) {
        let session = try StoreSession(store.blobs)
        defer { session.end() }
        let blobs = try version.manifest.blobs.filter { try !session.claim($0.digest) }
        let progress = TransferProgress("pulling \(version.manifest.version)", blobs)
        defer { progress.end() }
        try await TransferWork.run(blobs, width: TransferWork.width) { blob in
            let receiver = try session.receive(blob)
            while receiver.received < blob.compressedSize {
                let bytes = try await fetch(blob, from: receiver.received)
                try bytes.withUnsafeBytes { try receiver.write($0) }
                progress.add(bytes.count)
            }
            try receiver.finish()
            progress.finishOne()
        }
        _ = try store.add(version.manifest, exact: version.bytes, session)
        for signature in version.signatures.signatures { try store.add(signature, to: version.digest, session) }
        return (blobs.count, blobs.reduce(0) { $0 + $1.compressedSize })
    }

    private func fetch(_ blob: Blob, from offset: Int) async throws -> [UInt8] {
        var request = AdminRequest(.get, .blob(blob.digest.description))
        request.accept = MediaType.zstandard
        // Whoever does not know ranges, as some caches do, sends all of it.
        request.limit = blob.compressedSize
        let isWhole = offset == 0 && blob.compressedSize <= Self.piece
        if !isWhole {
            let end = min(offset + Self.piece, blob.compressedSize)
            request.add(APIHeader.range, "bytes=\(offset)-\(end - 1)")
        }
        let answer = try await client.send(request)
        let bytes = try answer.content(MediaType.zstandard, of: request)
        let rest = isWhole || answer.status == 206 ? bytes : Array(bytes.dropFirst(offset))
        guard !rest.isEmpty else {
            throw CommandError("ADMIN's content \(blob.digest.short)… is shorter than the manifest says")
        }
        return rest
    }
}
