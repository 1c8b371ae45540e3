import AdminAPI
import AdminClient
import Foundation
import Versions

/// Sends contents of a store to ADMIN. One that was interrupted goes on where ADMIN has it, also after a new start of this
/// command.
struct BlobSender: Sendable {
    let client: AdminResources
    let store: VersionStore
    /// Bytes that are sent at once.
    let piece: Int
    let progress: TransferProgress

    /// How many contents are sent at a time.
    static let width = 4
    /// How often in a row a piece may fail.
    private static let patience = 8
    /// Seconds for which ADMIN may check a content that has come.
    private static let checking = 3_600

    /// Sends contents, several at a time.
    func send(_ blobs: [Blob]) async throws {
        try await TransferWork.run(blobs, width: Self.width) { blob in try await send(blob) }
    }

    private func send(_ blob: Blob) async throws {
        guard let file = try store.blobs.compressed(blob.digest), try file.size == blob.compressedSize else {
            throw CommandError(
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
            } catch let error as CommandError where error.isTransient || error.status == 409 {
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
        return try await client.value(request)
    }

    /// How far ADMIN has a content; `nil`: it has nothing of it.
    private func state(of blob: Blob) async throws -> BlobUpload? {
        do {
            return try await client.value(AdminRequest(.get, .upload(blob.digest.description)))
        } catch let error as CommandError where error.status == 404 {
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

/// Work on several elements at a time that waits for others more than for this machine.
enum TransferWork {
    /// Calls `body` for each element, at most `width` at a time. After an error what has not begun does not begin.
    static func run<Element: Sendable>(
        _ elements: [Element], width: Int, _ body: @escaping @Sendable (Element) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = elements[...]
            for _ in 0..<width {
                guard let element = rest.popFirst() else { break }
                group.addTask { try await body(element) }
            }
            while try await group.next() != nil {
                guard let element = rest.popFirst() else { continue }
                group.addTask { try await body(element) }
            }
        }
    }
}
