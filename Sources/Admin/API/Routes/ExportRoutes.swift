import AdminAPI
import Cloud
import HTTPTypes
import Hummingbird
import JSON
import Names
import Registry
import ServicesExport

extension RouteTable {
    var exportRoutes: [Route] {
        let conditions: [Route.Parameter] = [.ifNoneMatch, .prefer("the export")]
        let digest = Route.Parameter(
            name: APIHeader.contentDigest, summary: "SHA-256 of the content (RFC 9530)", schema: ["type": "string"])
        return [
            Route(
                method: .get, path: .export(of: "{location}"), operation: "export",
                summary: "The services export of a location", access: .export,
                headers: conditions + Heartbeat.parameters,
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The export, with a header line",
                        content: [(MediaType.csv, ["type": "string"])], headers: [.eTag, digest, .preferenceApplied]),
                    .notModifiedPoll,
                ]
            ) { request in try await export(request) }
        ]
    }

    private func export(_ request: APIRequest) async throws -> Response {
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.csv]) != nil else {
            throw Self.notAcceptable([MediaType.csv])
        }
        let location = request.parameter("location")
        let heartbeat = try Heartbeat(request)
        let state = try await registry.state(seen: request.look?.position.commit)
        var current = try Self.export(of: location, in: state)
        var poll = ConditionalPoll(request)
        let visit = try await heartbeat.asyncMap { heartbeat in
            try await gateways.begin(
                heartbeat.id, heartbeat.report,
                isVouched: request.identity.gateway != nil || state.cloud.hasGateway(heartbeat.id))
        }
        do {
            let commit = try await poll.hold(request, knowing: current.digest.etag) {
                [changes = registry.exportChanges] known, tokens in
                await changes.change(of: location, tokens: tokens) { known.matchesWeakly($0) }
            }
            if poll.wasHeld {
                current = try Self.export(of: location, in: try await registry.state(seen: commit))
            }
        } catch {
            if let visit { await gateways.end(visit) }
            throw error
        }
        if let visit { await gateways.end(visit) }
        return poll.answer(
            tag: current.digest.etag,
            headers: [.contentType: ServicesCSV.contentType, .contentDigest: current.digest.contentDigest]
        ) { ResponseBody(byteBuffer: current.bytes) }
    }

    private static func export(of location: String, in state: RegistryState) throws -> LocationExport {
        guard let export = state.exports.byLocation[location] else {
            throw ChangeError.missing("location \(location.prefix(80))")
        }
        return export
    }
}

extension Cloud {
    /// Whether there is a server of the kind for the gateway.
    fileprivate func hasGateway(_ id: GatewayID) -> Bool {
        servers[id.name].map { $0.kind == .gateway && $0.location == id.location } ?? false
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}

extension HTTPField.Name {
    static let contentDigest = Self(APIHeader.contentDigest)!
}
