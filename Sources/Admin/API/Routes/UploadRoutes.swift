import AdminAPI
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry
import Text
import Versions

extension RouteTable {
    var uploadRoutes: [Route] {
        let state = Route.Answer.result("How far the upload is", BlobUpload.form.schema)
        return [
            .get(
                .upload("{digest}"), operation: "getUpload", "How far the upload of a content is", access: .builds,
                answering: BlobUpload.form, problems: [.conflict, .unprocessableContent]
            ) { request in
                try await requireBuild(request)
                let digest = try request.digest()
                guard let found = try await keptVersions().uploaded(digest) else {
                    throw APIProblem.notFound("upload of \(digest)")
                }
                return try Self.answer(BlobUpload(found.blob, received: found.received), to: request)
            },
            Route(
                method: .put, path: .upload("{digest}"), operation: "uploadBlob",
                summary: "A piece of the compressed bytes of a content, where the last piece has ended",
                access: .upload, query: [.contentSize, .compressedDigest], headers: [.pieceRange],
                body: Route.Body(
                    mediaType: MediaType.bytes, schema: ["type": "string"], limit: Limits.piece, isStreamed: true),
                answers: [state], problems: [.conflict, .insufficientStorage]
            ) { request in try await takePiece(request) },
            Route(
                method: .delete, path: .upload("{digest}"), operation: "discardUpload",
                summary: "Discard what has come of a content that is not complete", access: .change,
                answers: [Route.Answer(status: .noContent, summary: "It was discarded", content: [])],
                problems: [.conflict, .unprocessableContent]
            ) { request in
                try Self.checkScope(request, type: nil)
                let digest = try request.digest()
                guard try await keptVersions().uploads.discard(digest) else {
                    throw APIProblem.notFound("upload of \(digest)")
                }
                return Response(status: .noContent, headers: [.cacheControl: "no-store"])
            },
        ]
    }

    private func takePiece(_ request: APIRequest) async throws -> Response {
        try Self.checkScope(request, type: nil)
        try await requireBuild(request)
        let (blob, piece) = try request.piece()
        let keeper = try keptVersions()
        if let present = try await keeper.blob(blob.digest) {
            return Self.result(BlobUpload(present, received: present.compressedSize))
        }
        _ = try request.openBody()
        let received = try await keeper.receive(blob, piece.range, PieceBody(body: request.request.body)) {
            try await request.authenticateAgain()
            try await requireBuild(request)
        }
        return Self.result(BlobUpload(blob, received: received))
    }
}

extension BlobUpload {
    fileprivate init(_ blob: Blob, received: Int) {
        self.init(
            digest: blob.digest.description, received: received, compressedSize: blob.compressedSize,
            isComplete: received == blob.compressedSize)
    }
}

extension APIRequest {
    /// What the query and Content-Range say of a piece: all that is wrong with it at once.
    fileprivate func piece() throws -> (blob: Blob, piece: ContentRange) {
        let digest = try digest()
        var faults: [Problem.Fault] = []
        let size = query[QueryParameter.size].flatMap { ByteRange.number($0) }
        if size.map({ $0 > Limits.blob }) ?? true {
            faults.append(
                .init(
                    pointer: "?\(QueryParameter.size)",
                    detail: "bytes of the content are expected, up to \(Limits.blob)"))
        }
        let compressed = query[QueryParameter.compressed].flatMap { ContentDigest($0) }
        if compressed == nil {
            faults.append(
                .init(
                    pointer: "?\(QueryParameter.compressed)",
                    detail: "the SHA-256 of the compressed bytes, 64 lower-case hexadecimal digits, is expected"))
        }
        let range = headers[.contentRange].flatMap { ContentRange($0) }
        if range == nil {
            faults.append(
                .init(
                    pointer: APIHeader.contentRange,
                    detail: "bytes FIRST-LAST/TOTAL is expected: which part the body is"))
        }
        guard faults.isEmpty, let size, let compressed, let range else {
            throw APIProblem.invalid(faults)
        }
        guard range.total <= Blob.largestCompressed(size) else {
            throw APIProblem.invalid([
                .init(
                    pointer: APIHeader.contentRange,
                    detail: "\(range.total) compressed bytes are more than zstd makes of \(size)")
            ])
        }
        guard range.range.count <= Limits.piece else {
            throw APIProblem(.contentTooLarge, "A piece has at most \(Limits.piece) bytes.")
        }
        if let length = self.headers[.contentLength].flatMap({ Int($0) }), length != range.range.count {
            throw APIProblem.invalid([
                .init(
                    pointer: APIHeader.contentRange,
                    detail: "the body has \(length) bytes, and \(range.range.count) are announced")
            ])
        }
        return (
            Blob(digest: digest, size: size, compressedSize: range.total, compressedDigest: compressed), range
        )
    }
}

/// The body of a request as it comes. A body that ends early is the client's fault, in whatever way the connection reports
/// it.
private struct PieceBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody

    struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: RequestBody.AsyncIterator

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await iterator.next()
            } catch {
                throw APIRequest.problem(ofBody: error)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(iterator: body.makeAsyncIterator()) }
}

extension Route.Parameter {
    static let contentSize = Self(
        name: QueryParameter.size, summary: "Bytes of the content",
        schema: ["type": "integer", "minimum": 0, "maximum": .integer(Limits.blob)], isRequired: true)
    static let compressedDigest = Self(
        name: QueryParameter.compressed, summary: "The SHA-256 of all compressed bytes",
        schema: Form<String>.digest.schema, isRequired: true)
    static let pieceRange = Self(
        name: APIHeader.contentRange,
        summary: "bytes FIRST-LAST/TOTAL: which of the compressed bytes the body has",
        schema: ["type": "string", "pattern": "^bytes [0-9]+-[0-9]+/[0-9]+$"], isRequired: true)
}
