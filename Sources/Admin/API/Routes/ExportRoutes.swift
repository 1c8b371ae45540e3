import AdminAPI
import HTTPTypes
import Hummingbird
import ServiceLifecycle
import ServicesExport

extension RouteTable {
    var exportRoutes: [Route] {
        let conditions: [Route.Parameter] = [
            .ifNoneMatch,
            Route.Parameter(
                name: "Prefer", summary: "wait=N: hold the answer until the export differs, at most N (60) seconds",
                schema: ["type": "string"]),
        ]
        let digest = Route.Parameter(
            name: "Content-Digest", summary: "SHA-256 of the content (RFC 9530)", schema: ["type": "string"])
        let preference = Route.Parameter(
            name: "Preference-Applied", summary: "wait=N (RFC 7240)", schema: ["type": "string"])
        return [
            Route(
                method: .get, path: "/v1/locations/{location}/services.csv", operation: "export",
                summary: "The services export of a location", access: .export,
                headers: conditions + Heartbeat.parameters,
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The export, with a header line",
                        content: [(MediaTypes.csv, ["type": "string"])], headers: [.eTag, digest, preference]),
                    Route.Answer(
                        status: .notModified, summary: "If-None-Match holds", content: [], headers: [.eTag, preference]),
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
        var current = try await currentExport(of: location)
        let condition = Preconditions.ifNoneMatch(request.headers)
        let wait =
            condition == nil || request.request.method == .head ? nil : PreferField(request.headers[.prefer]).wait
        if let heartbeat { await gateways.begin(heartbeat.id, heartbeat.report) }
        var isHeld = false
        do {
            if let wait, wait > 0, let condition, condition.matchesWeakly(current.digest.etag) {
                isHeld = true
                try await hold(request, location: location, condition: condition, seconds: wait)
                current = try await currentExport(of: location)
            }
        } catch {
            if let heartbeat { await gateways.end(heartbeat.id) }
            throw error
        }
        if let heartbeat { await gateways.end(heartbeat.id) }
        return Self.answer(current, condition: condition, wait: wait, closing: isHeld)
    }

    private func currentExport(of location: String) async throws -> LocationExport {
        guard let export = try await registry.state().exports.byLocation[location] else {
            throw RegistryError.missing("location \(location.prefix(80))")
        }
        return export
    }

    /// Waits until the export is none that the client knows, the time is over, the client is gone or ADMIN shuts down.
    private func hold(
        _ request: APIRequest, location: String, condition: EntityTag.List, seconds: Int
    ) async throws {
        let changes = registry.exportChanges
        do {
            try await request.request.body.consumeWithCancellationOnInboundClose { _ in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await changes.change(of: location, from: condition) }
                    group.addTask { try? await Task.sleep(for: .seconds(seconds)) }
                    group.addTask { try? await gracefulShutdown() }
                    await group.next()
                    group.cancelAll()
                }
            }
        } catch is CancellationError {
            // The client is gone: the answer goes nowhere, and that is nobody's fault.
        }
    }

    /// - Parameter closing: Whether the connection ends with the answer, as it must after the client was watched.
    private static func answer(
        _ export: LocationExport, condition: EntityTag.List?, wait: Int?, closing: Bool
    ) -> Response {
        let tag = export.digest.etag
        var headers: HTTPFields = [.eTag: tag, .cacheControl: "no-cache"]
        headers[.contentDigest] = export.digest.contentDigest
        headers[.preferenceApplied] = wait.map { "wait=\($0)" }
        if closing { headers[.connection] = "close" }
        guard condition?.matchesWeakly(tag) != true else {
            headers[.contentDigest] = nil
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = ServicesCSV.contentType
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: export.bytes))
    }
}

extension HTTPField.Name {
    static let prefer = Self("Prefer")!
    static let preferenceApplied = Self("Preference-Applied")!
    static let contentDigest = Self("Content-Digest")!
}
