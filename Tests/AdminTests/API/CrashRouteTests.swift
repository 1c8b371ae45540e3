import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Names
import NIOCore
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Crashes, over HTTP") struct CrashRouteTests {
    private static let report = CrashReport.sample(1)
    private static let group = "/v1/crashes/\(report.fingerprint)"
    private static let dump = "\(group)/reports/\(report.id)/dump"
    private static let delivery = "/v1/servers/app1/crashes/\(report.id)/dump"
    private static let crashes = "/v1/servers/app1/crashes"
    private static let assignments = "/v1/servers/app1/assignments"

    private static func body(_ report: CrashReport) -> String { String(decoding: report.jsonBytes, as: UTF8.self) }

    @Test("a node's report is listed, shown with its group, and removed")
    func life() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let receipt = try await stage.send(.post, Self.crashes, Self.body(Self.report)).decoded(CrashReceipt.self)
            #expect(receipt.isNew && receipt.fingerprint == Self.report.fingerprint)
            let again = try await stage.send(.post, Self.crashes, Self.body(Self.report))
            #expect(try again.status == .ok && !again.decoded(CrashReceipt.self).isNew)
            for number in 2...4 {
                let report = CrashReport.sample(number, fault: number, at: "2027-01-15T07:0\(number):00Z")
                try await stage.send(.post, Self.crashes, Self.body(report))
            }
            let list = try await stage.read([CrashGroup].self, "/v1/crashes")
            #expect(list.map { $0.fingerprint.last } == ["1", "4", "3", "2"])
            let page = try await stage.get("/v1/crashes?limit=2&sort=recent")
            #expect(try page.decoded([CrashGroup].self).map { $0.fingerprint.last } == ["1", "4"])
            let link = try #require(page.headers[HTTPField.Name("Link")!])
            let next = String(try #require(link.split(separator: ">").first).dropFirst())
            #expect(try await stage.read([CrashGroup].self, next).map { $0.fingerprint.last } == ["3", "2"])
            #expect(
                try await stage.read([CrashGroup].self, "/v1/crashes?since=2027-01-15T07:03:30Z").count == 2)
            #expect(try await stage.read([CrashGroup].self, "/v1/crashes?service=tg.2").isEmpty)
            let holding = "/v1/crashes?report="
            #expect(
                try await stage.read([CrashGroup].self, holding + Self.report.id).map(\.fingerprint)
                    == [Self.report.fingerprint])
            let strange = String(repeating: "f", count: 24)
            #expect(try await stage.read([CrashGroup].self, holding + strange).isEmpty)
            let detail = try await stage.read(CrashGroupDetail.self, Self.group)
            #expect(detail.group.count == 1 && detail.frames == Self.report.frames)
            #expect(detail.reports.map(\.id) == [Self.report.id] && detail.counts.map(\.server) == ["app1"])
            let one = try await stage.read(CrashResource.self, "\(Self.group)/reports/\(Self.report.id)")
            #expect(one.text == Self.report.text && one.frames == Self.report.frames && one.server == "app1")
            for path in ["/v1/crashes/ffffffffffffffff", "\(Self.group)/reports/x", "/v1/crashes/x/reports/y/dump"] {
                #expect(try await stage.get(path).status == .notFound, "\(path)")
            }
            #expect(try await stage.get("/v1/crashes?since=x").status == .badRequest)
            let trial = try await stage.send(.delete, Self.group + "?dry_run=true").decoded(ChangeReport.self)
            #expect(trial.changes.map(\.kind) == [.crash])
            #expect(try await stage.send(.delete, Self.group).status == .ok)
            #expect(try await stage.get(Self.group).status == .notFound)
            let events = try await stage.read(EventPage.self, "/v1/events?kind=crash").events
            #expect(events.last?.action == .delete && events.count == 5)
        }
    }

    @Test("what cannot be a report is refused by name")
    func faults() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let strange = try await stage.send(.post, Self.crashes, Self.body(.sample(1, service: "tg.2")))
            #expect(strange.status == .unprocessableContent)
            #expect(strange.problem?.errors.map(\.pointer) == ["#/service"])
            #expect(try await stage.send(.post, "/v1/servers/no/crashes", Self.body(Self.report)).status == .notFound)
            let empty = try await stage.send(.post, Self.crashes, "{}")
            #expect(empty.status == .unprocessableContent && empty.problem?.errors.count ?? 0 >= 9)
            try await stage.send(.post, Self.crashes, Self.body(Self.report))
            let other = try await stage.send(.post, "/v1/servers/app2/crashes", Self.body(.sample(1, service: "tg.2")))
            #expect(other.status == .conflict)
        }
    }

    @Test("a node reports its own server's crashes alone; variables are for admin within its scope")
    func roles() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let tokens = stage.registry.tokens
            let admin = try await tokens.add(name: "ops", role: .admin)
            let own = try await tokens.add(name: "n1", role: .server, server: "app1")
            let other = try await tokens.add(name: "n2", role: .server, server: "app2")
            let reader = try await tokens.add(name: "reader", role: .read)
            let scoped = try await tokens.add(
                TokenGrant(name: "pgw-ops", role: .admin, scope: ChangeScope(types: ["pgw"]))
            ).secret
            func status(_ method: HTTPRequest.Method, _ path: String, _ token: String, _ body: String? = nil)
                async throws
                -> Int
            {
                try await stage.send(method, path, body, headers: [.authorization: "Bearer \(token)"]).status.code
            }
            let body = Self.body(Self.report)
            for (token, expected) in [(other, 403), (reader, 403), (scoped, 403), (own, 200), (admin, 200)] {
                #expect(try await status(.post, Self.crashes, token, body) == expected)
            }
            let report = "\(Self.group)/reports/\(Self.report.id)"
            for (token, list, whole, dump) in [
                (admin, 200, 200, 503), (reader, 200, 403, 403), (scoped, 200, 403, 403), (own, 403, 403, 403),
            ] {
                #expect(try await status(.get, "/v1/crashes", token) == list)
                #expect(try await status(.get, Self.group, token) == list)
                #expect(try await status(.get, report, token) == whole)
                #expect(try await status(.get, Self.dump, token) == dump)
            }
            for token in [reader, scoped, own] { #expect(try await status(.delete, Self.group, token) == 403) }
            #expect(try await status(.delete, Self.delivery, other) == 403)
            #expect(try await status(.delete, Self.delivery, own) == 204)
            #expect(try await status(.get, Self.dump, admin) == 404)
        }
    }

    @Test("a dump comes from the node while the reader waits, as it is, and a poll is woken for it")
    func dump() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            try await stage.send(.post, Self.crashes, Self.body(Self.report))
            let tag = try #require(
                try await stage.get(Self.assignments, headers: [.portcullisDumps: "none"]).headers[.eTag])
            async let poll = stage.withConnection { client in
                try await client.poll(
                    Self.assignments, headers: [.ifNoneMatch: tag, .prefer: "wait=60", .portcullisDumps: "none"])
            }
            while await stage.registry.dumpChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
            async let reader = stage.withConnection { client in
                try await client.poll(Self.dump, headers: [.accept: MediaType.text])
            }
            let told = try #require(try await poll.headers[.portcullisDumps])
            #expect(WantedDump.list(told).map(\.crash) == [Self.report.id])
            let bytes = "Thread 1\u{1b}[0m\n" + String(repeating: "x", count: 3 << 20)
            let stranger = try await stage.send(
                .put, "/v1/servers/app2/crashes/\(Self.report.id)/dump", "x", type: MediaType.text)
            #expect(stranger.status == .conflict)
            let json = try await stage.send(.put, Self.delivery, "{}")
            #expect(json.status == .unsupportedMediaType)
            let sent = try await stage.send(.put, Self.delivery, bytes, type: MediaType.text)
            #expect(sent.status == .noContent)
            let answer = try await reader
            #expect(answer.status == .ok && answer.headers[.contentType] == MediaType.text)
            #expect(answer.body.map { String(buffer: $0) } == bytes)
            // Now nobody waits.
            #expect(try await stage.send(.put, Self.delivery, "x", type: MediaType.text).status == .conflict)
            #expect(
                try await stage.get(Self.assignments, headers: [.portcullisDumps: told]).headers[.portcullisDumps]
                    == nil)
        }
    }

    @Test("a dump that the node has no more is said so, and is not asked for again")
    func gone() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            try await stage.send(.post, Self.crashes, Self.body(Self.report))
            _ = try await stage.get(Self.assignments, headers: [.portcullisDumps: "none"])
            async let reader = stage.withConnection { client in
                try await client.poll(Self.dump, headers: [.accept: MediaType.text])
            }
            while try await stage.get(Self.assignments, headers: [.portcullisDumps: "none"]).headers[.portcullisDumps]
                == nil
            {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await stage.send(.delete, Self.delivery).status == .noContent)
            #expect(try await reader.status == .notFound)
            let again = try await stage.get(Self.dump)
            #expect(again.status == .notFound && again.problem?.detail.contains("keeps no dump") == true)
            let group = try await stage.read(CrashGroupDetail.self, Self.group)
            #expect(group.reports.map(\.dumpSize) == [0])
        }
    }

    @Test("a node that is away, or too old, is not waited for")
    func unreachable() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.post, Self.crashes, Self.body(Self.report))
            stage.clock.advance(by: 600)
            let silent = try await stage.get(Self.dump)
            #expect(silent.status == .serviceUnavailable && silent.problem?.detail.contains("for 600 s") == true)
            let token = try await stage.registry.tokens.add(name: "n1", role: .server, server: "app1")
            let admin = try await stage.registry.tokens.add(name: "ops", role: .admin)
            _ = try await stage.get(Self.assignments, headers: [.authorization: "Bearer \(token)"])
            let old = try await stage.get(Self.dump, headers: [.authorization: "Bearer \(admin)"])
            #expect(old.status == .conflict && old.problem?.detail.contains("upgrade portcullis-node") == true)
            #expect(
                try await stage.get(Self.dump, headers: [.authorization: "Bearer \(admin)", .accept: "image/png"])
                    .status == .notAcceptable)
        }
    }
}
