import Crypto
import Synchronization

/// Takes the compressed bytes of a blob from elsewhere, in any number of parts. Whoever has `received` can go on after an
/// interruption. What is not finished is gone with the receiver or its session.
package final class BlobReceiver: Sendable {
    package let blob: Blob
    private let session: StoreSession
    private let file: OpenFile
    private let name: String
    private let state: Mutex<State>

    private struct State {
        var received = 0
        var hash = SHA256()
        var isPlaced = false
    }

    init(_ blob: Blob, _ session: StoreSession) throws {
        self.blob = blob
        self.session = session
        (file, name) = try session.makeTemporary()
        state = Mutex(State())
    }

    deinit {
        if !state.withLock(\.isPlaced) { session.removeTemporary(name) }
    }

    /// How many compressed bytes have come.
    package var received: Int { state.withLock(\.received) }

    /// Takes the next bytes.
    ///
    /// - Throws: `StoreError.altered` if there are more than the blob has.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            guard bytes.count <= blob.compressedSize - state.received else {
                throw StoreError.altered(
                    blob.digest, .compressedSize(state.received + bytes.count, expected: blob.compressedSize))
            }
            try file.write(bytes)
            state.hash.update(bufferPointer: bytes)
            state.received += bytes.count
        }
    }

    /// Checks the compressed bytes, then what they decompress to, and adds the blob to the store.
    package func finish() throws {
        try state.withLock { state in
            guard state.received == blob.compressedSize else {
                throw StoreError.altered(
                    blob.digest, .compressedSize(state.received, expected: blob.compressedSize))
            }
            guard ContentDigest(state.hash.finalize()) == blob.compressedDigest else {
                throw StoreError.altered(blob.digest, .compressedDigest)
            }
            try BlobCheck.content(file, blob.digest, size: blob.size) { _ in }
            let shelf = try session.store.blobs.directory(making: BlobStore.shard(blob.digest))
            try session.place(file, name, as: blob.digest.description, in: shelf, isDurable: true)
            state.isPlaced = true
        }
    }
}
