import AdminAPI
import Cloud
import HTTPTypes
import Hummingbird
import JSON
import Names
import Registry
import ServicesExport
import Text

extension RouteTable {
    var exportRoutes: [Route] {
        let conditions: [Route.Parameter] = [.ifNoneMatch, .prefer("the export")]
        let digest = Route.Parameter(
            name: APIHeader.contentDigest, summary: "SHA-256 of the content (RFC 9530)", schema: ["type": "string"])
        return [
            Route(
                method: .get, path: .export(of: "{location}"), operation: "export",
                summary:
                    "The services export of a location; `Accept: text/csv; version=N` asks for a version of the format",
                access: .export,
                headers: conditions + Heartbeat.parameters,
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The export, with a header line",
                        content: [(ServicesCSV.Version.mediaType, ["type": "string"])],
                        headers: [.eTag, .vary, digest, .preferenceApplied]),
                    .notModifiedPoll,
                ]
            ) { request in try await export(request) }
        ]
    }

    private func export(_ request: APIRequest) async throws -> Response {
        guard let version = AcceptField(request.headers[.accept]).bestExportVersion() else {
            throw Self.notAcceptable(ServicesCSV.Version.allCases.map(\.contentType))
        }
        let location = request.parameter("location")
        let heartbeat = try Heartbeat(request, version)
        let state = try await registry.state(seen: request.look?.position.commit)
        let export = try Self.export(of: location, in: state)
        let visit = try await heartbeat.asyncMap { heartbeat in
            try await gateways.begin(
                heartbeat.id, heartbeat.content,
                isVouched: request.identity.gateway != nil || state.cloud.hasGateway(heartbeat.id),
                export: ExportInForce(since: export.since, tag: try await export.file(version)?.digest.etag))
        }
        let answer: Result<Response, any Error>
        do {
            answer = .success(try await self.answer(request, version, location, state))
        } catch {
            answer = .failure(error)
        }
        if let visit { await gateways.end(visit) }
        return try answer.get()
    }

    private func answer(
        _ request: APIRequest, _ version: ServicesCSV.Version, _ location: String, _ state: RegistryState
    ) async throws -> Response {
        let export = try Self.export(of: location, in: state)
        var file = try await Self.file(version, of: location, in: state)
        var poll = ConditionalPoll(request)
        let commit = try await poll.hold(request, knowing: file.digest.etag) {
            [changes = registry.exportChanges, registry] known, tokens in
            var newest = export.newest.digest.etag
            while true {
                // What is published is the tag of the newest version: of an older one it says when to look.
                let wake = await changes.change(of: location, tokens: tokens) { [newest] tag in
                    version == .newest ? known.matchesWeakly(tag) : tag.isExactly(newest)
                }
                guard wake == .change, version < .newest, !Task.isCancelled,
                    let changed = try? await registry.state().exports.byLocation[location],
                    let file = try? await changed.file(version), known.matchesWeakly(file.digest.etag)
                else { return wake }
                newest = changed.newest.digest.etag
            }
        }
        if poll.wasHeld {
            file = try await poll.afterwards {
                try await Self.file(version, of: location, in: try await registry.state(seen: commit))
            }
        }
        return poll.answer(
            tag: file.digest.etag,
            headers: [.contentType: version.contentType, .contentDigest: file.digest.contentDigest]
        ) { ResponseBody(byteBuffer: file.bytes) }
    }

    private static func export(of location: String, in state: RegistryState) throws -> LocationExport {
        guard let export = state.exports.byLocation[location] else {
            throw ChangeError.missing("location \(location.shownName())")
        }
        return export
    }

    /// The export in a version; a 406 where that cannot express it.
    private static func file(
        _ version: ServicesCSV.Version, of location: String, in state: RegistryState
    ) async throws -> LocationExport.File {
        let export = try export(of: location, in: state)
        guard let file = try await export.file(version) else {
            throw APIProblem(
                .notAcceptable,
                "The export of \(location) needs version \(export.minimumVersion.rawValue) of the format, and version "
                    + "\(version.rawValue) is asked for: upgrade the gateway.")
        }
        return file
    }
}

extension Cloud {
    /// Whether a server of kind `gateway` has the gateway's name and location.
    fileprivate func hasGateway(_ id: GatewayID) -> Bool {
        servers[id.name].map { $0.kind == .gateway && $0.location == id.location } ?? false
    }
}

extension Optional {
    /// `map` for a function that waits.
    func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}

extension HTTPField.Name {
    static let contentDigest = Self(APIHeader.contentDigest)!
}
