import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry

/// Every operation of the API, and the objects that the handlers use.
struct RouteTable: Sendable {
    let registry: Registry
    let gateways: GatewayRoster
    let nodes: NodeRoster
    let rollouts: RolloutDriver
    /// The key that encrypts secrets; `nil`: secrets cannot be stored.
    var secretKey: SecretKey?
    var pruneGuard = PruneGuard()
    /// What held requests keep of lists.
    var heldLists = HeldLists()
    /// The versions of services; `nil`: none are kept.
    var versions: VersionKeeper?
    /// What delivers notices; `nil`: nothing does.
    var courier: NoticeCourier?

    var routes: [Route] {
        let routes =
            locationRoutes + poolRoutes + egressRoutes + exportRoutes + serverRoutes + typeRoutes + serviceRoutes
            + servicesPatchRoutes
            + configurationRoutes
            + secretRoutes + tokenRoutes + applyRoutes + cloudRoutes + scaleRoutes + stateRoutes + confirmationRoutes
            + observationRoutes + healthRoutes + eventRoutes + discoveryRoutes + versionRoutes + verdictRoutes
            + serviceVersionRoutes + manifestRoutes + blobRoutes + uploadRoutes
            + nodeRoutes + joinRoutes + jobRoutes + buildRoutes + rolloutRoutes + noticeRoutes + moveRoutes + logRoutes
            + crashRoutes + crashDumpRoutes + linkRoutes
        return routes + [Self.openAPIRoute(describing: routes)]
    }

    // MARK: Answers

    /// The answer to a GET: 406, 304, or the value as JSON with its ETag.
    static func answer(_ value: some Described, to request: APIRequest) throws -> Response {
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
            throw notAcceptable([MediaType.json])
        }
        return answer(bytes: Data(value.jsonBytes), mediaType: MediaType.json, to: request)
    }

    static func answer(bytes: Data, mediaType: String, to request: APIRequest) -> Response {
        answer(bytes, tag: EntityTag.of(bytes), mediaType: mediaType, to: request)
    }

    /// - Parameter tag: the ETag of the bytes, which are made only where the client does not have them.
    static func answer(
        _ bytes: @autoclosure () -> Data, tag: String, mediaType: String, to request: APIRequest
    ) -> Response {
        var headers: HTTPFields = [.eTag: tag, .cacheControl: "no-cache", .vary: APIHeader.accept]
        if Preconditions.ifNoneMatch(request.headers)?.matchesWeakly(tag) == true {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = mediaType
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes())))
    }

    /// The answer to what is no GET: the value as JSON, which is true for now.
    static func result(_ value: some Described) -> Response {
        Response(
            status: .ok, headers: [.contentType: MediaType.json, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.jsonBytes)))
    }

    static func notAcceptable(_ offers: [String]) -> APIProblem {
        APIProblem(.notAcceptable, "The answer exists as \(offers.joined(separator: " or ")) only.")
    }

    static func tag(_ value: some Described) -> String { EntityTag.of(value.jsonBytes) }

    // MARK: Changes

    /// Writes a change of one resource, and answers with the report.
    ///
    /// - Parameters:
    ///   - places: the places of the resource's parts in the request.
    ///   - represent: the resource's JSON form in a state; `nil` if it does not exist there.
    func change(
        _ request: APIRequest, places: RequestPlaces,
        represent: @escaping @Sendable (RegistryState) -> (any Described)?,
        _ edit: @escaping @Sendable (inout Cloud) throws -> Void
    ) async throws -> Response {
        let preconditions = Preconditions(request.headers)
        let outcome = try await registry.write(
            by: request.identity.author, dryRun: request.isDryRun, places: { _ in places }
        ) { cloud, before in
            try edit(&cloud)
            try preconditions.check(represent(before).map { [Self.tag($0)] } ?? [])
        }
        return try Self.report(outcome, to: request, resource: represent(outcome.state))
    }

    static func report(
        _ outcome: Registry.Outcome, to request: APIRequest, resource: (any Described)? = nil, location: String? = nil,
        headers: HTTPFields = [:]
    ) throws -> Response {
        let isDryRun = request.isDryRun
        let isCreation =
            outcome.summary.difference.changes.first?.action == .create
            && request.route.answers.contains { $0.status == .created }
        var headers = headers
        if !isDryRun, let resource { headers[.eTag] = tag(resource) }
        if !isDryRun, let location { headers[.location] = location }
        return report(
            ChangeReport(outcome.summary, generation: isDryRun ? nil : outcome.state.generation),
            status: isCreation && !isDryRun ? .created : .ok, headers: headers)
    }

    static func report(
        _ report: ChangeReport, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = MediaType.json
        headers[.cacheControl] = "no-store"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: report.jsonBytes)))
    }
}

extension Route.Answer {
    static func json(_ summary: String, _ schema: JSONValue) -> Self {
        Self(status: .ok, summary: summary, content: [(MediaType.json, schema)], headers: [.eTag, .vary])
    }

    /// The answer to what is no GET.
    static func result(_ summary: String, _ schema: JSONValue) -> Self {
        Self(status: .ok, summary: summary, content: [(MediaType.json, schema)])
    }

    static let notModified = Self(
        status: .notModified, summary: "If-None-Match holds", content: [], headers: [.eTag, .vary])
    /// 304 for an answer that may have been held.
    static let notModifiedPoll = Self(
        status: .notModified, summary: "If-None-Match holds", content: [], headers: [.eTag, .vary, .preferenceApplied])

    /// The report on a change of one resource.
    static let changed = change([.eTagAfterChange])
    /// The report on a change of something that has no ETag of its own.
    static let changedList = change([])
    /// The report on a change of the whole registry.
    static let changedCloud = change([.eTagOfRegistry])
    static let created = created([.eTagAfterChange])

    static func created(_ headers: [Route.Parameter]) -> Self {
        Self(
            status: .created, summary: "What was created",
            content: [(MediaType.json, ChangeReport.form.schema)], headers: headers)
    }

    private static func change(_ headers: [Route.Parameter]) -> Self {
        Self(
            status: .ok, summary: "What was changed, or with dry_run would be",
            content: [(MediaType.json, ChangeReport.form.schema)], headers: headers)
    }
}

extension Route {
    /// A GET with a JSON answer.
    package static func get(
        _ path: APIPath, operation: String, _ summary: String, access: Access = .read, query: [Parameter] = [],
        answering form: Form<some Described>, problems: [HTTPResponse.Status] = [],
        handle: @escaping @Sendable (APIRequest) async throws -> Response
    ) -> Route {
        Route(
            method: .get, path: path, operation: operation, summary: summary, access: access, query: query,
            headers: [.ifNoneMatch], answers: [.json(summary, form.schema), .notModified], problems: problems,
            handle: handle
        )
    }

    static func jsonBody(_ form: Form<some Described>, atMost limit: Int = Limits.body) -> Body {
        Body(mediaType: MediaType.json, schema: form.schema, limit: limit)
    }
}
