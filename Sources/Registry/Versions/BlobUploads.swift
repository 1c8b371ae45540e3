package import NIOCore
import ServiceSupport
package import Versions

/// The uploads of contents that are not complete. Each goes on where the last piece has ended, whoever sends the next; all
/// are gone after an hour's rest, and with the process.
package actor BlobUploads {
    /// The most at a time.
    package static let most = 512
    /// How long an upload has rested before another may take its place.
    static let yielding = Duration.seconds(10)

    private final class Upload: Sendable {
        let session: StoreSession
        let receiver: BlobReceiver

        init(_ blob: Blob, _ store: BlobStore) throws {
            session = try StoreSession(store)
            receiver = try session.receive(blob)
        }
    }

    private struct Entry {
        let blob: Blob
        /// `nil`: it is being made.
        var upload: Upload?
        var isBusy = true
        /// The end of its last piece.
        var last: Duration
    }

    private let store: BlobStore
    private let uptime: @Sendable () -> Duration
    private var entries: [ContentDigest: Entry] = [:]

    init(_ store: BlobStore, uptime: @escaping @Sendable () -> Duration) {
        self.store = store
        self.uptime = uptime
    }

    /// How many there are.
    package var count: Int { entries.count }

    /// The content that comes, and how much of it has come; `nil` if none of it has.
    package func state(of digest: ContentDigest) -> (blob: Blob, received: Int)? {
        entries[digest].map { ($0.blob, $0.upload?.receiver.received ?? 0) }
    }

    /// Discards an upload. Returns whether there was one.
    ///
    /// - Throws: `VersionError.busy`.
    package func discard(_ digest: ContentDigest) async throws -> Bool {
        guard let entry = entries[digest] else { return false }
        guard !entry.isBusy else { throw VersionError.busy(digest) }
        await end(digest)
        return true
    }

    /// Discards the uploads that have rested for so long.
    package func discard(restingFor time: Duration) async {
        let limit = uptime() - time
        for (digest, entry) in entries where !entry.isBusy && entry.last <= limit { await end(digest) }
    }

    /// Forgets an upload and removes what has come of it.
    private func end(_ digest: ContentDigest) async {
        guard let upload = entries.removeValue(forKey: digest)?.upload else { return }
        // What cannot be removed now goes with the next start.
        try? await BlockingWork.run { upload.session.end() }
    }

    // MARK: Pieces

    /// Takes a piece, and with the last one checks the content and adds it to the store.
    ///
    /// - Parameters:
    ///   - range: which of the compressed bytes the piece has.
    ///   - reserve: bytes of the disk that must stay free.
    ///   - accept: called when the whole piece has come; may throw to refuse that the upload be completed.
    ///   - complete: called when the content is in the store, before a collection could take it.
    /// - Returns: how many bytes have come. An interrupted piece counts as far as it has come.
    package func receive<Body: AsyncSequence & Sendable>(
        _ blob: Blob, _ range: Range<Int>, reserve: Int, _ body: Body, accept: @Sendable () async throws -> Void,
        complete: @Sendable () async throws -> Void
    ) async throws -> Int where Body.Element == ByteBuffer {
        let upload = try await begin(blob, at: range.lowerBound, reserve: reserve)
        do {
            try await Self.write(body, range.count, to: upload.receiver)
            try await accept()
        } catch let error as Interruption {
            rest(blob.digest)
            throw error.cause
        } catch {
            // After an error of the disk nobody knows how much has come.
            await end(blob.digest)
            throw (error as? FileError)?.isOfFullDisk == true ? VersionError.full : error
        }
        let received = upload.receiver.received
        guard received == blob.compressedSize else {
            rest(blob.digest)
            return received
        }
        do {
            try await BlockingWork.run { try upload.receiver.finish() }
            try await complete()
            await end(blob.digest)
        } catch {
            await end(blob.digest)
            switch error {
            case let error as StoreError: throw VersionError.wrongContent(error)
            case let error as FileError where error.isOfFullDisk: throw VersionError.full
            default: throw error
            }
        }
        return received
    }

    /// The client's fault, or the connection's: what has come is right so far.
    private struct Interruption: Error {
        let cause: any Error
    }

    private func begin(_ blob: Blob, at offset: Int, reserve: Int) async throws -> Upload {
        guard let entry = entries[blob.digest] else { return try await beginAnew(blob, at: offset, reserve: reserve) }
        return try await goOn(entry, with: blob, at: offset, reserve: reserve)
    }

    private func goOn(_ entry: Entry, with blob: Blob, at offset: Int, reserve: Int) async throws -> Upload {
        let digest = blob.digest
        guard entry.blob == blob else { throw VersionError.otherForm(digest) }
        guard !entry.isBusy, let upload = entry.upload else { throw VersionError.busy(digest) }
        guard upload.receiver.received == offset else {
            throw VersionError.otherOffset(received: upload.receiver.received)
        }
        entries[digest]?.isBusy = true
        do {
            try await checkRoom(blob.compressedSize - offset, for: digest, reserve: reserve)
        } catch {
            rest(digest)
            throw error
        }
        return upload
    }

    private func beginAnew(_ blob: Blob, at offset: Int, reserve: Int) async throws -> Upload {
        let digest = blob.digest
        guard offset == 0 else { throw VersionError.otherOffset(received: 0) }
        try await makePlace()
        // Meanwhile another request may have begun the same.
        guard entries[digest] == nil else { throw VersionError.busy(digest) }
        entries[digest] = Entry(blob: blob, upload: nil, last: uptime())
        do {
            try await checkRoom(blob.compressedSize, for: digest, reserve: reserve)
            let upload = try await BlockingWork.run { [store] in try Upload(blob, store) }
            entries[digest]?.upload = upload
            return upload
        } catch {
            entries[digest] = nil
            throw (error as? FileError)?.isOfFullDisk == true ? VersionError.full : error
        }
    }

    /// Lets the one that has rested longest go if there are too many.
    private func makePlace() async throws {
        guard entries.count >= Self.most else { return }
        let resting = entries.filter { !$0.value.isBusy }.min { $0.value.last < $1.value.last }
        guard let resting, uptime() - resting.value.last >= Self.yielding else {
            throw VersionError.tooManyUploads(entries.count)
        }
        await end(resting.key)
    }

    /// Throws unless there is room for what is still to come, of this upload and of the others at work.
    private func checkRoom(_ needed: Int, for digest: ContentDigest, reserve: Int) async throws {
        let others = entries.reduce(0) { sum, other in
            guard other.key != digest, other.value.isBusy else { return sum }
            return sum + other.value.blob.compressedSize - (other.value.upload?.receiver.received ?? 0)
        }
        let free = try await BlockingWork.run { [store] in try store.freeSpace() } - reserve - others
        guard needed <= free else { throw VersionError.noRoom(needed: needed, free: free) }
    }

    private func rest(_ digest: ContentDigest) {
        entries[digest]?.isBusy = false
        entries[digest]?.last = uptime()
    }

    /// How many bytes are written at a time.
    private static let chunk = 1 << 20

    private static func write<Body: AsyncSequence & Sendable>(
        _ body: Body, _ expected: Int, to receiver: BlobReceiver
    ) async throws where Body.Element == ByteBuffer {
        var (count, buffer): (Int, ByteBuffer) = (0, ByteBuffer())
        var interruption: Interruption?
        do {
            for try await part in body {
                guard count + part.readableBytes <= expected else {
                    throw VersionError.pieceSize(count + part.readableBytes, expected: expected)
                }
                count += part.readableBytes
                buffer.writeImmutableBuffer(part)
                if buffer.readableBytes >= chunk { try await flush(&buffer, to: receiver) }
            }
            if count < expected { throw VersionError.pieceSize(count, expected: expected) }
        } catch let error as FileError {
            throw error
        } catch let error as StoreError {
            throw error
        } catch {
            interruption = Interruption(cause: error)
        }
        try await flush(&buffer, to: receiver)
        if let interruption { throw interruption }
    }

    private static func flush(_ buffer: inout ByteBuffer, to receiver: BlobReceiver) async throws {
        guard buffer.readableBytes > 0 else { return }
        try await BlockingWork.run { [buffer] in
            try buffer.withUnsafeReadableBytes { try receiver.write($0) }
        }
        buffer.clear()
    }
}
