import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Names
import Registry
import Versions

extension RouteTable {
    var buildRoutes: [Route] {
        let created = [(MediaType.json, CreatedJob.form.schema)]
        return [
            Route(
                method: .post, path: .builds(of: "{version}", "{type}"), operation: "buildVersion",
                summary: "Have a server with the label builder build a version; nobody signs it", access: .change,
                query: [.variant, .dryRun], body: Route.jsonBody(BuildCreation.form),
                answers: [
                    Route.Answer(status: .ok, summary: "What would be done, with dry_run", content: created),
                    Route.Answer(status: .created, summary: "The job", content: created),
                ], problems: [.conflict]
            ) { request in try await createBuild(request) }
        ]
    }

    private func createBuild(_ request: APIRequest) async throws -> Response {
        let version = try request.versionName()
        try Self.checkScope(request, type: version.type)
        _ = try keptVersions()
        let wanted = try await request.read(BuildCreation.form) { wanted, _ in wanted }
        let cloud = try await registry.state().cloud
        let server = try await wanted.server.orElse { try await builder(of: version.type, in: cloud) }
        let now = registry.now()
        let build = BuildRequest(
            work: Job.BuildWork(version), server: server, createdBy: request.identity.name,
            createdAt: Timestamp.text(now),
            deadline: Timestamp.text(now.addingTimeInterval(Double(wanted.seconds ?? 3_600))))
        let nonce = UInt32.random(in: .min ... .max)
        let outcome = try await registry.write(by: request.identity.author, dryRun: request.isDryRun) { cloud, _ in
            try cloud.add(build, nonce: nonce)
        }
        return try await Self.answer(toJob: outcome, request, nodes)
    }

    private func builder(of type: String, in cloud: Cloud) async throws -> String {
        guard cloud.types[type] != nil else { throw ChangeError.missing("type \(type)") }
        guard let server = await nodes.builder(of: type, in: cloud) else {
            throw APIProblem(
                .conflict,
                "No server builds \(type) now: none with the label \(Server.builderLabel) is in touch and has the type in "
                    + "`builds` of its node.yaml.")
        }
        return server
    }

    /// Throws a 403 if the sender is a server, unless that server has a job to build the version, or one of the type, that
    /// has not ended.
    ///
    /// - Parameters:
    ///   - version: `nil`: any.
    ///   - type: `nil`: any.
    func requireBuild(
        _ request: APIRequest, of version: VersionName? = nil, ofType type: String? = nil
    ) async throws {
        guard request.identity.role == .server else { return }
        let server = request.identity.server ?? ""
        let isBuilding = try await registry.state().cloud.isBuilding(
            version.map { Job.BuildWork($0) }, ofType: type, on: server, at: Timestamp.text(registry.now()))
        guard !isBuilding else { return }
        let what = version.map(\.description) ?? type.map { "a version of \($0)" } ?? "a version"
        throw Authenticator.forbidden(
            "Token \(request.identity.name) is the server \(server)'s, which has no job now to build \(what).")
    }
}

extension Job.BuildWork {
    init(_ version: VersionName) {
        self.init(type: version.type, version: version.name, variant: version.variant)
    }
}

extension Optional where Wrapped: Sendable {
    /// The value, or else another.
    fileprivate func orElse(_ other: () async throws -> Wrapped) async rethrows -> Wrapped {
        if let self { self } else { try await other() }
    }
}
