import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Names
import Registry
import Text

extension RouteTable {
    var noticeRoutes: [Route] {
        [
            noticeList.route(in: self),
            Route(
                method: .get, path: .notice("{notice}"), operation: "readNotice",
                summary: "A notice, with what has become of it at each channel", access: .read,
                headers: [.ifNoneMatch, .prefer("the notice")],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The notice", content: [(MediaType.json, NoticeResource.form.schema)],
                        headers: [.eTag, .vary, .preferenceApplied]), .notModifiedPoll,
                ]
            ) { request in
                let number = request.parameter("notice")
                return try await answer(request, of: .notices) {
                    HeldAnswer(Data(try await notices.resource(number).jsonBytes))
                }
            },
            Route(
                method: .post, path: .notices, operation: "testNotices",
                summary: "Put a notice into the outbox that tries one channel, or one for each", access: .admin,
                query: [.dryRun], body: Route.jsonBody(NoticeTest.form),
                answers: [.result("The notices; none with dry_run", [NoticeResource].form.schema)],
                problems: [.conflict]
            ) { request in try await testNotices(request) },
        ]
    }

    /// What delivers notices, if anything does.
    private var notices: NoticeCourier {
        get throws {
            guard let courier else { throw APIProblem(.conflict, "This ADMIN keeps no notices.") }
            return courier
        }
    }

    private func testNotices(_ request: APIRequest) async throws -> Response {
        let wanted = try await request.read(NoticeTest.form) { wanted, _ in wanted }
        let all = try await notices.names
        guard !all.isEmpty else {
            throw APIProblem(.conflict, "ADMIN has no channel for notices: its settings have none under `notices`.")
        }
        let names = wanted.channel.map { channel in all.filter { $0.isExactly(channel) } } ?? all
        guard !names.isEmpty else {
            throw APIProblem.invalid([
                .init(pointer: "#/channel", detail: "there is no such channel; there is \(all.joined(separator: ", "))")
            ])
        }
        guard !request.isDryRun else { return Self.result([NoticeResource]()) }
        let by = request.identity.name
        let outcome = try await registry.write(by: request.identity.author, dryRun: false) { cloud, _ in
            for name in names {
                cloud.notices.append(
                    Notice(
                        .info, of: .test, name, title: "a test of the channel \(name)",
                        text: "\(by) tries whether notices arrive."))
            }
        }
        let written = try await registry.store.notices().filter { $0.generation == outcome.state.generation }
        var resources: [NoticeResource] = []
        for notice in written { resources.append(try await notices.resource("\(notice.number)")) }
        return Self.result(resources)
    }

    private var noticeList: ResourceList<NoticeResource, NoticeResource> {
        ResourceList(
            path: .notices, operation: "listNotices", summary: "The notices that are kept", thing: .notices,
            name: { "\($0.number)" },
            filters: [
                .filter(QueryParameter.severity, "Those of a severity", NoticeSeverity.self),
                .filter(QueryParameter.subject, "Those about a kind of thing", NoticeSubject.self),
            ],
            orders: [.init(name: "number") { SortKey(.number($0.number)) }],
            elements: { request in
                let severity = try request.choice(QueryParameter.severity, of: NoticeSeverity.self)
                let subject = try request.choice(QueryParameter.subject, of: NoticeSubject.self)
                return try await notices.resources().filter { notice in
                    (severity.map { $0 == notice.severity } ?? true) && (subject.map { $0 == notice.subject } ?? true)
                }
            }, resource: { $0 })
    }
}
