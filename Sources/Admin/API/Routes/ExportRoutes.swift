import AdminAPI
import HTTPTypes
import Hummingbird
import ServicesExport

extension RouteTable {
    var exportRoutes: [Route] {
        let conditions: [Route.Parameter] = [.ifNoneMatch, .prefer("the export")]
        let digest = Route.Parameter(
            name: "Content-Digest", summary: "SHA-256 of the content (RFC 9530)", schema: ["type": "string"])
        return [
            Route(
                method: .get, path: "/v1/locations/{location}/services.csv", operation: "export",
                summary: "The services export of a location", access: .export,
                headers: conditions + Heartbeat.parameters,
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The export, with a header line",
                        content: [(MediaTypes.csv, ["type": "string"])], headers: [.eTag, digest, .preferenceApplied]),
                    .notModifiedPoll,
                ]
            ) { request in try await export(request) }
        ]
    }

    private func export(_ request: APIRequest) async throws -> Response {
        guard AcceptField(request.headers[.accept]).best(of: [MediaTypes.csv]) != nil else {
            throw Self.notAcceptable([MediaTypes.csv])
        }
        let location = request.parameter("location")
        let heartbeat = try Heartbeat(request)
        var current = try await currentExport(of: location, seen: request.generation)
        var poll = ConditionalPoll(request)
        if let heartbeat { await gateways.begin(heartbeat.id, heartbeat.report) }
        do {
            try await poll.hold(request, knowing: current.digest.etag) { [changes = registry.exportChanges] known in
                await changes.change(of: location) { known.matchesWeakly($0) }
            }
            if poll.wasHeld { current = try await currentExport(of: location) }
        } catch {
            if let heartbeat { await gateways.end(heartbeat.id) }
            throw error
        }
        if let heartbeat { await gateways.end(heartbeat.id) }
        return poll.answer(
            tag: current.digest.etag,
            headers: [.contentType: ServicesCSV.contentType, .contentDigest: current.digest.contentDigest]
        ) { ResponseBody(byteBuffer: current.bytes) }
    }

    private func currentExport(of location: String, seen: Int? = nil) async throws -> LocationExport {
        guard let export = try await registry.state(seen: seen).exports.byLocation[location] else {
            throw RegistryError.missing("location \(location.prefix(80))")
        }
        return export
    }
}

extension HTTPField.Name {
    static let contentDigest = Self("Content-Digest")!
}
