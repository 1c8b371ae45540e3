import AdminAPI
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// The content of an answer as it comes in: into one array, made once where the answer says how long it is.
struct AnswerContent: Sendable {
    private let body: HTTPClientResponse.Body
    /// Bytes, as the answer says.
    private let length: Int?
    private let limit: Int
    private let isError: Bool

    init(_ response: HTTPClientResponse, of request: AdminRequest) {
        body = response.body
        length = response.headers.first(name: APIHeader.contentLength).flatMap { Int($0) }
        isError = !(200..<300).contains(response.status.code)
        limit = isError ? request.problemLimit : request.limit
    }

    /// Waits for the end of an answer that has no content. Such an end comes with the head; where it came a moment later
    /// and nobody took it, the connection would be given up.
    func skip() async {
        do { for try await _ in body {} } catch {}
    }

    /// All of it; of an error's content that is too large, or breaks off, nothing: its status has come.
    /// - Throws: `NIOTooManyBytesError`, and what the HTTP client throws.
    func bytes() async throws -> [UInt8] {
        do {
            return try await all()
        } catch  where isError && !Task.isCancelled {
            return []
        }
    }

    private func all() async throws -> [UInt8] {
        guard length ?? 0 <= limit else { throw NIOTooManyBytesError(maxBytes: limit) }
        var bytes = [UInt8]()
        if let length, length > 0 { bytes.reserveCapacity(length) }
        for try await part in body {
            guard bytes.count + part.readableBytes <= limit else { throw NIOTooManyBytesError(maxBytes: limit) }
            part.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
        }
        return bytes
    }
}
