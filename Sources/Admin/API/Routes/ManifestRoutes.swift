import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry
import Versions

extension RouteTable {
    /// Manifests and their signatures, by the version's name for people and by the digest for servers.
    var manifestRoutes: [Route] {
        let byName: @Sendable (APIRequest) async throws -> StoredVersion = { request in
            try await keptVersions().version(try request.versionName())
        }
        let byDigest: @Sendable (APIRequest) async throws -> StoredVersion = { request in
            try await keptVersions().version(ofManifest: try request.digest())
        }
        return [
            manifest(.manifest(of: "{version}", "{type}"), "getManifest", [.variant], isImmutable: false, byName),
            signatures(.signatures(of: "{version}", "{type}"), "listSignatures", [.variant], byName),
            manifest(.manifest("{digest}"), "getManifestByDigest", [], isImmutable: true, byDigest),
            signatures(.signatures(ofManifest: "{digest}"), "listSignaturesByDigest", [], byDigest),
        ]
    }

    private func manifest(
        _ path: APIPath, _ operation: String, _ query: [Route.Parameter], isImmutable: Bool,
        _ find: @escaping @Sendable (APIRequest) async throws -> StoredVersion
    ) -> Route {
        let summary = "The exact bytes of a version's manifest; its ETag is their SHA-256"
        return Route(
            method: .get, path: path, operation: operation, summary: summary, access: .fetch, query: query,
            headers: [.ifNoneMatch], answers: [.json(summary, ["type": "object"]), .notModified],
            problems: [.conflict, .unprocessableContent]
        ) { request in
            guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
                throw Self.notAcceptable([MediaType.json])
            }
            let digest = try await find(request).digest
            let bytes = Data(try await keptVersions().manifestBytes(digest))
            var answer = Self.answer(bytes, tag: "\"\(digest)\"", mediaType: MediaType.json, to: request)
            if isImmutable { answer.headers[.cacheControl] = Route.Parameter.immutable }
            return answer
        }
    }

    private func signatures(
        _ path: APIPath, _ operation: String, _ query: [Route.Parameter],
        _ find: @escaping @Sendable (APIRequest) async throws -> StoredVersion
    ) -> Route {
        .get(
            path, operation: operation, "The signatures of a version's manifest, as a store has them", access: .fetch,
            query: query, answering: VersionSignatures.form, problems: [.conflict, .unprocessableContent]
        ) { request in
            let bytes = try await find(request).signatures.bytes
            return try Self.answer(try VersionSignatures(json: bytes, .tolerant), to: request)
        }
    }
}
