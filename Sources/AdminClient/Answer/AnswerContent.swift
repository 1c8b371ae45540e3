import AdminAPI
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// The content of an answer as it arrives, read into an array that is allocated once if the answer tells its length.
struct AnswerContent: Sendable {
    private let body: HTTPClientResponse.Body
    /// The length in bytes that the answer tells.
    private let length: Int?
    private let limit: Int
    private let isError: Bool

    init(_ response: HTTPClientResponse, of request: AdminRequest) {
        body = response.body
        length = response.headers.first(name: APIHeader.contentLength).flatMap { Int($0) }
        isError = !(200..<300).contains(response.status.code)
        limit = isError ? request.problemLimit : request.limit
    }

    /// Waits for the end of an answer without content, which usually arrives with the head. If nobody received an end
    /// that comes later, the connection would be closed.
    func skip() async {
        do { for try await _ in body {} } catch {}
    }

    /// Reads the whole content. For an error whose content is too large or breaks off, returns nothing, since its
    /// status is known.
    /// - Throws: `NIOTooManyBytesError`, or the HTTP client's errors.
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
