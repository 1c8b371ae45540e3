import AdminAPI
import AdminClient
import Versions

/// Sends contents of a store to ADMIN. One that was interrupted goes on where ADMIN has it, also after a new start of the
/// program.
struct BlobSender: Sendable {
    let client: any VersionReceiver
    let store: VersionStore
    /// Bytes that are sent at once.
    let piece: Int
    let progress: any TransferWatch

    /// How often in a row a piece may fail.
    private static let patience = 8
    /// Seconds for which ADMIN may check a content that has come.
    private static let checking = 3_600

    /// Sends contents, several at a time.
    func send(_ blobs: [Blob]) async throws {
        try await TransferWork.run(blobs, width: TransferWork.width) { blob in try await send(blob) }
    }

    private func send(_ blob: Blob) async throws {
        guard let file = try store.blobs.compressed(blob.digest), try file.size == blob.compressedSize else {
            throw TransferError(
                "the content \(blob.digest.short)… is not in the store as the manifest says",
                hint: "`portcullis versions verify --store` names the files; building again mends the store.")
        }
        var offset = blob.compressedSize > piece ? try await state(of: blob)?.received ?? 0 : 0
        progress.add(offset)
        var failures = 0
        while true {
            do {
                let count = min(piece, blob.compressedSize - offset)
                let state: BlobUpload =
                    count == 0
                    ? try await checked(blob)
                    : try await send(try file.bytes(at: offset, count: count), at: offset, of: blob)
                progress.add(state.received - offset)
                if state.isComplete { return progress.finishOne() }
                (offset, failures) = (state.received, 0)
            } catch {
                let refusal = client.refusal(of: error)
                guard refusal.isTransient || refusal.status == 409 else { throw error }
                failures += 1
                guard failures < Self.patience else { throw error }
                try await Task.sleep(for: .milliseconds(100 << failures))
                guard let received = try? await state(of: blob)?.received ?? 0 else { continue }
                if received > offset { failures = 0 }
                progress.add(received - offset)
                offset = received
            }
        }
    }

    private func send(_ bytes: [UInt8], at offset: Int, of blob: Blob) async throws -> BlobUpload {
        var request = AdminRequest(
            .put, .upload(blob.digest.description),
            query: [
                (QueryParameter.size, "\(blob.size)"), (QueryParameter.compressed, blob.compressedDigest.description),
            ])
        request.add(APIHeader.contentRange, "bytes \(offset)-\(offset + bytes.count - 1)/\(blob.compressedSize)")
        request.body = .init(contentType: MediaType.bytes, bytes: bytes)
        return try await client.answer(to: request)
    }

    /// How far ADMIN has a content; `nil`: it has nothing of it.
    private func state(of blob: Blob) async throws -> BlobUpload? {
        do {
            return try await client.answer(to: AdminRequest(.get, .upload(blob.digest.description)))
        } catch {
            guard client.refusal(of: error).status == 404 else { throw error }
            return nil
        }
    }

    /// Waits until ADMIN has checked a content of which all has come.
    private func checked(_ blob: Blob) async throws -> BlobUpload {
        for _ in 0..<Self.checking {
            guard let state = try await state(of: blob) else { break }
            if state.isComplete || state.received < blob.compressedSize { return state }
            try await Task.sleep(for: .seconds(1))
        }
        return BlobUpload(
            digest: blob.digest.description, received: 0, compressedSize: blob.compressedSize, isComplete: false)
    }
}
