import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Names
import Registry
import RegistryTestSupport
import TestSupport
import Testing
import Text

@testable import Admin

@Suite("Orders and reports of masters, over HTTP") struct LinkRouteTests {
    private static let orders = "/v1/services/tg.1/orders"

    /// The headers with the token of a service's master on a server, and with an administrator's.
    private static func tokens(_ stage: Stage) async throws -> (master: HTTPFields, admin: HTTPFields) {
        try await stage.seed()
        let admin: HTTPFields = [
            .authorization: "Bearer \(try await stage.registry.tokens.add(name: "ops", role: .admin))"
        ]
        let made = try await stage.send(.post, "/v1/servers/app1/services/tg.1/token", headers: admin)
        let secret = try #require(try made.decoded(CreatedToken.self).secret)
        return ([.authorization: "Bearer \(secret)"], admin)
    }

    private static func poll(isHeldBy stage: Stage) async throws {
        while await stage.registry.orderChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    private static func report(_ sequence: Int, workers: [WorkerReport] = []) -> String {
        let report = ServiceReport(
            program: "1.0", server: "app1", pid: 7, startedAt: "2027-01-15T08:00:00Z", phase: .running,
            workers: workers, allowsLua: true)
        return String(
            decoding: ServiceReportMessage(session: "s", sequence: sequence, report: report).jsonBytes, as: UTF8.self)
    }

    @Test("a master's token is for its own service, where that is, and for nothing else")
    func access() async throws {
        try await Stage.run { stage in
            let (master, admin) = try await Self.tokens(stage)
            for (path, status) in [
                (Self.orders, 200), ("/v1/services/tg.2/orders", 403), ("/v1/services/tg.1/link", 403),
                ("/v1/links", 403), ("/v1/services/tg.1/config", 200), ("/v1/jobs", 403),
            ] {
                #expect(try await stage.get(path, headers: master).status.code == status, "\(path)")
            }
            #expect(try await stage.get("/v1/services/tg.9/orders", headers: admin).status == .notFound)
            let send = { (service: String) in
                try await stage.send(.post, "/v1/services/\(service)/report", Self.report(1), headers: master)
            }
            #expect(try await send("tg.1").decoded(ReportAnswer.self).wantsWhole == false)
            #expect(try await send("tg.2").status == .forbidden)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"server": "app3"}"#, headers: admin)
            #expect(try await stage.get(Self.orders, headers: master).status == .forbidden)
            #expect(try await send("tg.1").status == .forbidden)
        }
    }

    @Test("orders name the configuration by the ETag that the master then gets")
    func configuration() async throws {
        try await Stage.run { stage in
            let (master, admin) = try await Self.tokens(stage)
            var headers = master
            headers[.accept] = "application/yaml"
            let configuration = try await stage.get("/v1/services/tg.1/config", headers: headers)
            let answer = try await stage.get(Self.orders, headers: master)
            let orders: ServiceOrders = try answer.decoded()
            #expect(
                orders == ServiceOrders(service: "tg.1", server: "app1", configuration: configuration.headers[.eTag]))
            let tag = try #require(answer.headers[.eTag])
            headers = master
            headers[.ifNoneMatch] = tag
            #expect(try await stage.get(Self.orders, headers: headers).status == .notModified)
            let type = Stage.tg + "config:\n  - {sort-order: 1, values: {a: 1}}\n"
            try await stage.send(.put, "/v1/types/tg", type, type: "application/yaml", headers: admin)
            let next: ServiceOrders = try await stage.get(Self.orders, headers: headers).decoded()
            #expect(next.configuration != orders.configuration)
        }
    }

    @Test("a report is shown with the link, and an unknown one is asked for as a whole")
    func reports() async throws {
        try await Stage.run { stage in
            let (master, admin) = try await Self.tokens(stage)
            #expect(try await stage.get("/v1/services/tg.1/link", headers: admin).status == .notFound)
            let path = "/v1/services/tg.1/report"
            let worker = WorkerReport(
                worker: 1, pid: 8, state: .ready, since: "2027-01-15T08:00:00Z", restarts: 2, status: "12 devices")
            let changes = #"{"session": "s", "sequence": 2, "changes": {"phase": "reloading"}}"#
            #expect(
                try await stage.send(.post, path, changes, headers: master).decoded(ReportAnswer.self).wantsWhole)
            try await stage.send(.post, path, Self.report(1, workers: [worker]), headers: master)
            #expect(
                try await stage.send(.post, path, changes, headers: master).decoded(ReportAnswer.self).wantsWhole
                    == false)
            let link: LinkResource = try await stage.get("/v1/services/tg.1/link", headers: admin).decoded()
            #expect(link.state == .connected && link.phase == .reloading && link.workers == [worker])
            #expect(link.allowsLua && !link.hasPresentConfiguration && link.silentSince == nil)
            for (filter, count) in [
                ("type=tg", 1), ("type=pgw", 0), ("state=lost", 0), ("service=tg.1&server=app1", 1),
            ] {
                let links: [LinkResource] = try await stage.get("/v1/links?\(filter)", headers: admin).decoded()
                #expect(links.count == count, "\(filter)")
            }
            let wrong = #"{"session": "s", "sequence": 3, "changes": {"workers": [{"worker": 65}]}}"#
            let answer = try await stage.send(.post, path, wrong, headers: master)
            #expect(answer.problem?.errors.first?.pointer.hasPrefix("#/changes/workers/0") == true, "\(answer.text)")
        }
    }

    @Test("a held poll is answered with a job, and the job ends with the report")
    func jobs() async throws {
        try await Stage.run(.live) { stage in
            let (master, admin) = try await Self.tokens(stage)
            let tag = try #require(try await stage.get(Self.orders, headers: master).headers[.eTag])
            var headers = master
            (headers[.ifNoneMatch], headers[.prefer]) = (tag, "wait=3600")
            let held = headers
            try await stage.withConnection { connection in
                async let poll = connection.poll(Self.orders, headers: held)
                try await Self.poll(isHeldBy: stage)
                // A change that concerns others wakes nobody.
                try await stage.send(.patch, "/v1/services/tg.2", #"{"state": "drain"}"#, headers: admin)
                #expect(await stage.registry.orderChanges.waiting == 1)
                let made = try await stage.send(
                    .post, "/v1/services/tg.1/jobs", #"{"kind": "restart-worker", "worker": 2}"#, headers: admin
                ).decoded(CreatedJob.self)
                let job = try #require(made.job)
                #expect(job.kind == .service(.master(.restartWorker)) && job.state == .waiting && job.version == nil)
                let answer = try await poll
                #expect(answer.status == .ok && answer.headers[.preferenceApplied] == "wait=10")
                // The next poll uses the same connection.
                #expect(answer.headers[.connection] != "close")
                let orders = try ServiceOrders(json: Array(buffer: try #require(answer.body)), .strict)
                #expect(orders.jobs[ExactText(job.id)]?.kind == .restartWorker)
                #expect(orders.jobs[ExactText(job.id)]?.worker == 2)
                let again = try await connection.poll(Self.orders, headers: master)
                #expect(again.status == .ok)
            }
        }
    }

    @Test("a held poll ends with its token, and where its service leaves the server")
    func ends() async throws {
        try await Stage.run(.live) { stage in
            let (master, admin) = try await Self.tokens(stage)
            var headers = master
            let tag = try #require(try await stage.get(Self.orders, headers: master).headers[.eTag])
            (headers[.ifNoneMatch], headers[.prefer]) = (tag, "wait=10")
            let held = headers
            try await stage.withConnection { connection in
                async let poll = connection.poll(Self.orders, headers: held)
                try await Self.poll(isHeldBy: stage)
                try await stage.send(.patch, "/v1/services/tg.1", #"{"server": "app3"}"#, headers: admin)
                #expect(try await poll.status == .forbidden)
            }
            try await stage.send(.patch, "/v1/services/tg.1", #"{"server": "app1"}"#, headers: admin)
            try await stage.withConnection { connection in
                async let poll = connection.poll(Self.orders, headers: held)
                try await Self.poll(isHeldBy: stage)
                _ = try await stage.send(.delete, "/v1/servers/app1/node", headers: admin)
                #expect(try await poll.status == .unauthorized)
            }
        }
    }

    @Test("a job for a master is refused where it lacks what it needs, or has what a node's job has")
    func faults() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for (body, pointers) in [
                (#"{"kind": "lua", "source": "x"}"#, ["#/reason"]),
                (#"{"kind": "lua", "source": "", "reason": "y"}"#, ["#/source"]),
                (#"{"kind": "log-level", "level": "bogus"}"#, ["#/level"]),
                (#"{"kind": "restart-worker"}"#, ["#/worker"]),
                (#"{"kind": "restart-worker", "worker": 65}"#, ["#/worker"]),
                (#"{"kind": "reload", "name": "x"}"#, ["#/name"]),
                (#"{"kind": "reload", "arguments": ["x"]}"#, ["#/arguments"]),
                (#"{"kind": "tests", "worker": 1}"#, ["#/kind"]),
                (#"{"kind": "lua", "source": "x", "reason": "y", "seconds": 61}"#, ["#/seconds"]),
            ] {
                let answer = try await stage.send(.post, "/v1/services/tg.1/jobs", body)
                #expect(answer.status == .unprocessableContent, "\(body)")
                #expect(answer.problem?.errors.map(\.pointer) == pointers, "\(body)")
            }
            let lua = #"{"kind": "lua", "source": "return 1", "reason": "y", "session": "s1"}"#
            let made = try await stage.send(.post, "/v1/services/tg.1/jobs", lua).decoded(CreatedJob.self)
            let job = try await stage.read(JobResource.self, "/v1/jobs/\(made.job?.id ?? "")")
            #expect(job.details.source == "return 1" && job.details.reason == "y" && job.details.limit == 5)
            let listed = try await stage.read([JobResource].self, "/v1/jobs")
            #expect(listed.first?.details.source == nil && listed.first?.details.session == "s1")
        }
    }
}
