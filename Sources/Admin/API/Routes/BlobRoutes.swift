import AdminAPI
import Crypto
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry
import Versions

extension RouteTable {
    var blobRoutes: [Route] {
        let whole = "The compressed bytes (zstd, RFC 8878) of the content with a SHA-256"
        let content: [(mediaType: String, schema: JSONValue)] = [(MediaType.zstandard, ["type": "string"])]
        return [
            Route(
                method: .get, path: .blob("{digest}"), operation: "getBlob", summary: whole, access: .fetch,
                headers: [.range, .ifRange, .ifNoneMatch],
                answers: [
                    Route.Answer(status: .ok, summary: whole, content: content, headers: [.eTag, .acceptRanges]),
                    Route.Answer(
                        status: .partialContent, summary: "The part that Range names", content: content,
                        headers: [.eTag, .acceptRanges, .contentRange]),
                    Route.Answer(
                        status: .notModified, summary: "If-None-Match holds", content: [],
                        headers: [.eTag, .acceptRanges]),
                ], problems: [.conflict, .rangeNotSatisfiable, .unprocessableContent]
            ) { request in try await sendBlob(request) }
        ]
    }

    /// How many bytes are read at a time.
    private static let chunk = 1 << 19

    private func sendBlob(_ request: APIRequest) async throws -> Response {
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.zstandard]) != nil else {
            throw Self.notAcceptable([MediaType.zstandard])
        }
        let keeper = try keptVersions()
        let content = try await keeper.content(try request.digest())
        let size = content.blob.compressedSize
        let tag = "\"\(content.blob.compressedDigest)\""
        var headers: HTTPFields = [.eTag: tag, .cacheControl: Route.Parameter.immutable, .acceptRanges: "bytes"]
        if Preconditions.ifNoneMatch(request.headers)?.matchesWeakly(tag) == true {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = MediaType.zstandard
        let isHead = request.request.method == .head
        let range: Range<Int>
        let status: HTTPResponse.Status
        switch isHead ? .whole : ByteRange(request.headers, size: size, tag: tag) {
        case .whole: (range, status) = (0..<size, .ok)
        case .part(let part):
            (range, status) = (part, .partialContent)
            headers[.contentRange] = ContentRange(part, of: size).text
        case .unsatisfiable:
            throw APIProblem(
                .rangeNotSatisfiable, "The content has \(size) compressed bytes.",
                headers: [.contentRange: "bytes */\(size)"])
        }
        headers[.contentLength] = "\(range.count)"
        guard !isHead else { return Response(status: status, headers: headers) }
        if size <= Self.chunk {
            // The whole of it is checked before anything is sent.
            let bytes = try await content.bytes(at: 0, count: size)
            try await Self.check(SHA256.hash(data: bytes.readableBytesView), content.blob, keeper)
            let part = bytes.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer()
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: part))
        }
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: range.count) { writer in
                try await Self.send(content, range, keeper, to: &writer)
                try await writer.finish(nil)
            })
    }

    /// Sends a part of a content. When all of it is sent, it is compared with its digest before the last bytes go: a
    /// content that was altered on the disk never arrives whole.
    private static func send(
        _ content: SentBlob, _ range: Range<Int>, _ keeper: VersionKeeper, to writer: inout any ResponseBodyWriter
    ) async throws {
        let isWhole = range.count == content.blob.compressedSize
        var hash = SHA256()
        var offset = range.lowerBound
        while offset < range.upperBound {
            let part = try await content.bytes(at: offset, count: min(chunk, range.upperBound - offset))
            guard part.readableBytes > 0 else {
                await keeper.discard(content.blob.digest, because: "it has become shorter")
                throw VersionError.noBlob(content.blob.digest, wasAltered: true)
            }
            offset += part.readableBytes
            if isWhole { hash.update(data: part.readableBytesView) }
            if isWhole, offset == range.upperBound { try await check(hash.finalize(), content.blob, keeper) }
            try await writer.write(part)
        }
    }

    private static func check(_ digest: SHA256.Digest, _ blob: Blob, _ keeper: VersionKeeper) async throws {
        guard ContentDigest(digest) != blob.compressedDigest else { return }
        await keeper.discard(blob.digest, because: "its compressed bytes have another SHA-256")
        throw VersionError.noBlob(blob.digest, wasAltered: true)
    }
}

extension Route.Parameter {
    static let range = Self(
        name: APIHeader.range, summary: "bytes=FIRST-LAST: a part of the compressed bytes (RFC 9110)",
        schema: ["type": "string"])
    static let ifRange = Self(
        name: APIHeader.ifRange, summary: "The whole is sent unless the content has this ETag (RFC 9110)",
        schema: ["type": "string"])
    static let acceptRanges = Self(
        name: APIHeader.acceptRanges, summary: "bytes: Range is understood",
        schema: ["type": "string", "enum": ["bytes"]])
    static let contentRange = Self(
        name: APIHeader.contentRange, summary: "Which part of how many bytes (RFC 9110)", schema: ["type": "string"])
}
