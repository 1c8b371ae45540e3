import ServiceSupport
import Versions

extension AdminSource {
    /// Bytes that are asked for at once. What has come stays when a connection breaks off.
    private static let partSize = 4 << 20
    /// Attempts in a row that bring nothing.
    private static let attempts = 3

    /// Fetches blobs, several at once, and checks each.
    func fetch(_ needed: [Blob], _ session: StoreSession, atOnce: Int) async throws {
        try await withThrowingTaskGroup { group in
            var rest = needed[...]
            for blob in rest.prefix(atOnce) { group.addTask { try await self.fetch(blob, session) } }
            rest = rest.dropFirst(atOnce)
            while try await group.next() != nil {
                guard let blob = rest.popFirst() else { continue }
                group.addTask { try await self.fetch(blob, session) }
            }
        }
    }

    private func fetch(_ blob: Blob, _ session: StoreSession) async throws {
        let receiver = try session.receive(blob)
        var tag: String?
        var failures = 0
        while receiver.received < blob.compressedSize {
            try Task.checkCancellation()
            do {
                let start = receiver.received
                let part = try await part(of: blob, from: start, count: Self.partSize, tag: tag)
                tag = part.tag
                let new = part.bytes.dropFirst(start - part.start)
                guard !new.isEmpty else {
                    throw SourceError("the blob \(blob.digest.short)… broke off at byte \(start)")
                }
                try await BlockingWork.run { try new.withUnsafeBytes { try receiver.write($0) } }
                failures = 0
            } catch let error as SourceError {
                failures += 1
                guard failures < Self.attempts, !error.isRefusal else { throw error }
                try await Task.sleep(for: .milliseconds(300 * failures))
            }
        }
        try await BlockingWork.run { try receiver.finish() }
    }
}
