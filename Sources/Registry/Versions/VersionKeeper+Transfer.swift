package import NIOCore
import ServiceSupport
import Synchronization
package import Versions

extension VersionKeeper {
    // MARK: Receiving

    /// How far the upload of a content is; `nil` if none of it has come.
    package func uploaded(_ digest: ContentDigest) async throws -> (blob: Blob, received: Int)? {
        if let state = await uploads.state(of: digest) { return state }
        return try await blob(digest).map { ($0, $0.compressedSize) }
    }

    /// Takes a piece of a content. With the last one the content is checked, and then it is there.
    ///
    /// - Parameter accept: called when the whole piece has come; may throw to refuse that the upload be completed.
    /// - Returns: how many compressed bytes have come.
    package func receive<Body: AsyncSequence & Sendable>(
        _ blob: Blob, _ range: Range<Int>, _ body: Body, accept: @Sendable () async throws -> Void
    ) async throws -> Int where Body.Element == ByteBuffer {
        try await uploads.receive(blob, range, reserve: kept.reserve, body, accept: accept) { [self] in
            try await registry.store.recordBlob(StoredBlob(blob: blob, touchedAt: time()))
        }
    }

    // MARK: Sending

    /// A content to send.
    package func content(_ digest: ContentDigest) async throws -> SentBlob {
        guard let blob = try await registry.store.blobs([digest])[digest]?.blob else {
            throw VersionError.noBlob(digest, wasAltered: false)
        }
        // From here on no collection takes it.
        let claim = SendingClaim(digest, self)
        let file = try await work { [directory] in try directory.blobs.compressed(digest) }
        guard let file, try await work({ try file.size }) == blob.compressedSize else {
            let isThere = file != nil
            if isThere { await discard(digest, because: "it has another size") }
            throw VersionError.noBlob(digest, wasAltered: isThere)
        }
        return SentBlob(blob: blob, file: file, claim: claim)
    }
}

/// Keeps collections from taking a content that is being sent.
final class SendingClaim: Sendable {
    private let digest: ContentDigest
    private let keeper: VersionKeeper

    init(_ digest: ContentDigest, _ keeper: VersionKeeper) {
        self.digest = digest
        self.keeper = keeper
        keeper.sending.withLock { $0[digest, default: 0] += 1 }
    }

    deinit {
        keeper.sending.withLock { sending in
            let count = (sending[digest] ?? 1) - 1
            sending[digest] = count > 0 ? count : nil
        }
    }
}

/// A content that is being sent.
package struct SentBlob: Sendable {
    package let blob: Blob
    private let file: OpenFile
    private let claim: SendingClaim

    init(blob: Blob, file: OpenFile, claim: SendingClaim) {
        self.blob = blob
        self.file = file
        self.claim = claim
    }

    /// A part of the compressed bytes.
    package func bytes(at offset: Int, count: Int) async throws -> ByteBuffer {
        let bytes = try await BlockingWork.run { [file] in try file.bytes(at: offset, count: count) }
        return ByteBuffer(bytes: bytes)
    }
}
