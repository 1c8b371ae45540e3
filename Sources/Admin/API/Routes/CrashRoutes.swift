import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import Names
import Registry
import Text

extension RouteTable {
    var crashRoutes: [Route] {
        [
            crashList.route(in: self),
            .get(
                .crashes("{fingerprint}"), operation: "readCrashes",
                "Crashes of one fault: how often, where, and the newest reports", answering: CrashGroupDetail.form
            ) { request in
                try Self.answer(try await registry.crashGroup(request.parameter("fingerprint")), to: request)
            },
            .get(
                .crash("{crash}", in: "{fingerprint}"), operation: "readCrash",
                "The report of a crash, with the stack and the variables of the thread that crashed", access: .log,
                answering: CrashResource.form
            ) { request in
                try Self.answer(try await visibleCrash(request).resource(isWhole: true), to: request)
            },
            Route(
                method: .delete, path: .crashes("{fingerprint}"), operation: "removeCrashes",
                summary: "Remove crashes of one fault: their reports and their counts", access: .admin,
                query: [.dryRun], answers: [.changedList]
            ) { request in
                Self.report(
                    try await registry.removeCrashes(
                        request.parameter("fingerprint"), by: request.identity.name, dryRun: request.isDryRun))
            },
            Route(
                method: .post, path: .crashes(ofServer: "{server}"), operation: "reportCrash",
                summary: "A crash of a service that the server has or had; a node calls it", access: .server,
                body: Route.jsonBody(CrashReport.form),
                answers: [
                    .result("In which group it is; the same report again changes nothing", CrashReceipt.form.schema)
                ], problems: [.conflict]
            ) { request in try await takeCrash(request) },
        ]
    }

    private func takeCrash(_ request: APIRequest) async throws -> Response {
        let server = request.parameter("server")
        try Self.requireOwn(server, request)
        let report = try await request.read(CrashReport.form) { report, _ in report }
        do {
            let receipt = try await registry.keep(report, from: server, by: request.identity.name)
            await nodes.hear(server)
            return Self.result(receipt)
        } catch Registry.CrashError.strangeService {
            throw APIProblem.invalid([
                .init(
                    pointer: "#/service",
                    detail: "the server \(server) neither has nor had the service \(report.service)")
            ])
        } catch Registry.CrashError.strangeID {
            throw APIProblem(.conflict, "Another server has sent a report with the id \(report.id).")
        }
    }

    /// The report in the path. Throws when the token's scope excludes its service.
    func visibleCrash(_ request: APIRequest) async throws -> StoredCrash {
        let crash = try await registry.crash(request.parameter("crash"), in: request.parameter("fingerprint"))
        let location = try await registry.state().cloud.servers[crash.server]?.location
        let scope = request.identity.scope
        guard scope.includes(type: crash.type),
            location.map(scope.includes(location:)) ?? scope.locations.isEmpty
        else { throw Authenticator.forbidden("The token \(request.identity.name) is for \(scope) only.") }
        return crash
    }

    private var crashList: ResourceList<CrashGroup, CrashGroup> {
        ResourceList(
            path: .crashes, operation: "listCrashes", summary: "Crashes, those of one fault together, newest first",
            thing: .crashes, name: { $0.fingerprint },
            filters: [
                .filter(QueryParameter.type, "Those of a type"), .filter(QueryParameter.service, "Those of a service"),
                .filter(
                    QueryParameter.version,
                    "Those in a version: its name, perhaps with a variant as in 1.5.0/debug, or the SHA-256 of its manifest"
                ),
                .filter(QueryParameter.server, "Those on a server"),
                .filter(QueryParameter.report, "Those that have the report with this id, with all that is counted"),
                Self.time(QueryParameter.since, "Those that were seen at this time or later"),
            ],
            orders: [
                .init(name: "recent") { group in
                    // The newest first.
                    SortKey(.number(-(Self.milliseconds(group.lastSeen) ?? 0)), .text(group.fingerprint))
                }, .init(name: "count") { SortKey(.number($0.count), .text($0.fingerprint)) },
            ],
            elements: { request in
                try await registry.crashGroups(
                    CrashFilter(
                        type: request.query[QueryParameter.type], service: request.query[QueryParameter.service],
                        server: request.query[QueryParameter.server], version: request.query[QueryParameter.version],
                        since: try request.time(QueryParameter.since)),
                    withReport: request.query[QueryParameter.report])
            }, resource: { $0 })
    }

    private static func milliseconds(_ time: String) -> Int? {
        Timestamp.date(time).map { Int(($0.timeIntervalSince1970 * 1_000).rounded()) }
    }
}
