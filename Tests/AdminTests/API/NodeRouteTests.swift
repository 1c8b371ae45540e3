import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Names
import Registry
import RegistryTestSupport
import Testing
import Text

@testable import Admin

@Suite("Servers that run services, over HTTP") struct NodeRouteTests {
    private static let digest = String(repeating: "0a", count: 32)
    private static let version = "sha256:\(digest)"

    private static func report(
        _ sequence: Int, applied: String? = nil, services: [String: ServerService] = [:],
        jobs: [String: JobReport] = [:]
    ) -> String {
        let report = ServerReport(
            program: "0.1.0", applied: applied, bootedAt: "2027-01-15T08:00:00Z",
            services: services.reduce(into: [:]) { $0[ExactText($1.key)] = $1.value },
            jobs: jobs.reduce(into: [:]) { $0[ExactText($1.key)] = $1.value },
            drives: [ExactText("root"): DriveReport(path: "/srv", isMounted: true, size: 1 << 40, free: 1 << 39)],
            load: 0.5, memory: 1 << 30, freeMemory: 1 << 29)
        return String(
            decoding: ServerReportMessage(session: "s", sequence: sequence, report: report).jsonBytes, as: UTF8.self)
    }

    @Test("a version is given with a service, changed, stopped and taken away; the assignments follow")
    func versions() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let path = "/v1/servers/app3/assignments"
            let empty = try await stage.get(path)
            #expect(try empty.decoded(Assignments.self) == Assignments(server: "app3", location: "tcn"))
            let made = try await stage.send(
                .post, "/v1/services", #"{"type": "tg", "server": "app3", "version": "\#(Self.version)"}"#)
            #expect(made.status == .created)
            let service = try await stage.read(ServiceResource.self, "/v1/services/tg.3")
            #expect(service.digest == Self.digest && service.desired == .running)
            let assigned = try await stage.read(Assignments.self, path)
            #expect(assigned.services == [ExactText("tg.3"): Assignment(desired: .running, version: Self.digest)])
            try await stage.send(.patch, "/v1/services/tg.3", #"{"desired": "stopped"}"#)
            #expect(try await stage.read(Assignments.self, path).services.values.map(\.desired) == [.stopped])
            // A PUT of what was read changes nothing.
            let read = try await stage.get("/v1/services/tg.3").text
            #expect(try await stage.send(.put, "/v1/services/tg.3", read).report.changes.isEmpty)
            try await stage.send(.patch, "/v1/services/tg.3", #"{"version": null}"#)
            #expect(try await stage.read(Assignments.self, path).services.values.map(\.desired) == [.absent])
            #expect(try await stage.send(.delete, "/v1/servers/app3/services/tg.3").status == .ok)
            #expect(try await stage.read(Assignments.self, path).services.values.map(\.desired) == [.purged])
            #expect(try await stage.send(.delete, "/v1/servers/app2/services/tg.3").status == .notFound)
        }
    }

    @Test("what is wrong with a version is told with its place")
    func faults() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for (body, pointer) in [
                (#"{"version": "1.5.0"}"#, "#/version"), (#"{"version": "a b"}"#, "#/version"),
                (#"{"desired": "stopped"}"#, "#/desired"), (#"{"version": null, "desired": "running"}"#, "#"),
            ] {
                let answer = try await stage.send(.patch, "/v1/services/tg.1", body)
                #expect(answer.status == .unprocessableContent)
                #expect(answer.problem?.errors.map(\.pointer) == [pointer], "\(body)")
            }
            let apply = #"{"services": [{"name": "tg.1", "server": "app1", "version": "1.5.0"}]}"#
            let answer = try await stage.send(.post, "/v1/apply", apply)
            #expect(answer.problem?.errors.map(\.pointer) == ["#/services/0/version"])
        }
    }

    @Test("an apply without versions keeps them, and takes drives")
    func apply() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "\#(Self.version)", "desired": "stopped"}"#)
            try await stage.seed()
            #expect(try await stage.read(ServiceResource.self, "/v1/services/tg.1").desired == .stopped)
            let server =
                #"{"location": "tcn", "kind": "app", "addresses": ["10.1.0.11"], "drives": {"d1": "/mnt/d1"}}"#
            #expect(try await stage.send(.put, "/v1/servers/app1", server).status == .ok)
            #expect(
                try await stage.read(ServerResource.self, "/v1/servers/app1").drives == [ExactText("d1"): "/mnt/d1"])
            let cloud = try await stage.read(ApplyRequest.self, "/v1/cloud")
            #expect(
                try await stage.send(.post, "/v1/apply", String(decoding: cloud.jsonBytes, as: UTF8.self)).report
                    .changes.isEmpty)
            for drives in [#"{"D": "/a"}"#, #"{"d": "a"}"#, #"{"d": "/a/../b"}"#] {
                #expect(
                    try await stage.send(.patch, "/v1/servers/app1", #"{"drives": \#(drives)}"#).status
                        == .unprocessableContent)
            }
        }
    }

    @Test("a server joins with a token, once, and may then do what is its own and nothing else")
    func joining() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            #expect(try await stage.send(.post, "/v1/servers/app1/join", "{}").status == .conflict)
            let admin = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let headers: HTTPFields = [.authorization: "Bearer \(admin)"]
            try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "\#(Self.version)"}"#, headers: headers)
            let made = try await stage.send(.post, "/v1/servers/app1/join", #"{"for": 60}"#, headers: headers)
            let secret = try #require(try made.decoded(CreatedToken.self).secret)
            #expect(
                try await stage.get("/v1/servers/app1/assignments", headers: [.authorization: "Bearer \(secret)"])
                    .status == .unauthorized)
            let body = { (server: String) in
                String(decoding: JoinRequest(token: secret, server: server).jsonBytes, as: UTF8.self)
            }
            #expect(try await stage.send(.post, "/v1/join", body("app2")).status == .forbidden)
            let joined = try await stage.send(.post, "/v1/join", body("app1")).decoded(JoinAnswer.self)
            let again = try await stage.send(.post, "/v1/join", body("app1"))
            #expect(again.status == .forbidden && again.problem?.detail.contains("used before") == true)
            let own: HTTPFields = [.authorization: "Bearer \(joined.token)"]
            for (path, status) in [
                ("/v1/servers/app1/assignments", 200), ("/v1/servers/app2/assignments", 403), ("/v1/services", 403),
                ("/v1/locations/tcn/services.csv", 403), ("/v1/services/tg.1/config", 200),
                ("/v1/services/tg.2/config", 403), ("/v1/nodes", 403), ("/v1/jobs", 403), ("/v1/tokens", 403),
                ("/v1/servers/app1/node", 403), ("/v1/cloud", 403), ("/v1/events", 403),
            ] {
                #expect(try await stage.get(path, headers: own).status.code == status, "\(path)")
            }
            #expect(
                try await stage.send(.post, "/v1/servers/app1/report", Self.report(1), headers: own).status == .ok)
            #expect(
                try await stage.send(.post, "/v1/servers/app2/report", Self.report(1), headers: own).status
                    == .forbidden)
            let token = try await stage.send(.post, "/v1/servers/app1/services/tg.1/token", headers: own)
            let service: HTTPFields = [
                .authorization: "Bearer \(try token.decoded(CreatedToken.self).secret ?? "")"
            ]
            #expect(try await stage.get("/v1/services/tg.1/config", headers: service).status == .ok)
            #expect(
                try await stage.send(.post, "/v1/servers/app1/services/tg.2/token", headers: own).status == .notFound)
            // With the service gone to another server, its token there is worth nothing.
            try await stage.send(
                .patch, "/v1/services/tg.1?at_once=true", #"{"server": "app3"}"#, headers: headers)
            #expect(try await stage.get("/v1/services/tg.1/config", headers: service).status == .forbidden)
            #expect(try await stage.send(.delete, "/v1/servers/app1/node", headers: headers).status == .ok)
            #expect(try await stage.get("/v1/servers/app1/assignments", headers: own).status == .unauthorized)
            #expect(try await stage.get("/v1/services/tg.1/config", headers: service).status == .unauthorized)
        }
    }

    @Test("with a server its tokens go")
    func deletion() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let admin = try await stage.registry.tokens.add(name: "ops", role: .admin)
            _ = try await stage.registry.tokens.add(name: "n3", role: .server, server: "app3")
            _ = try await stage.registry.tokens.add(name: "n2", role: .server, server: "app2")
            let headers: HTTPFields = [.authorization: "Bearer \(admin)"]
            #expect(try await stage.send(.delete, "/v1/servers/app3", headers: headers).status == .ok)
            #expect(try await stage.registry.tokens.list().map(\.name) == ["n2", "ops"])
        }
    }

    @Test("a master that is killed again and again is shown, and is a notice")
    func killedMaster() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "\#(Self.version)"}"#)
            var service = ServerService(state: .running, since: "2027-01-15T08:00:00Z", version: Self.digest)
            for (sequence, count) in [nil, 3, 4, 5].enumerated() {
                service.masterRestarts = count.map { MasterRestarts(count: $0, last: "2027-01-15T09:00:0\($0)Z") }
                let body = Self.report(sequence + 1, services: ["tg.1": service])
                #expect(try await stage.send(.post, "/v1/servers/app1/report", body).status == .ok)
            }
            let node = try await stage.read(NodeDetail.self, "/v1/servers/app1/node")
            #expect(
                node.report?.services[ExactText("tg.1")]?.masterRestarts
                    == MasterRestarts(count: 5, last: "2027-01-15T09:00:05Z"))
            let notices = try await stage.get("/v1/notices").text
            let title = "the master of tg.1 on app1 is killed again and again: more than 3 times within an hour"
            #expect(notices.components(separatedBy: title).count == 2, "told once")
        }
    }

    @Test("a report is put together, and says what differs from the assignments")
    func reports() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "\#(Self.version)"}"#)
            #expect(try await stage.read(NodeDetail.self, "/v1/servers/app1/node").node.state == .unheard)
            let path = "/v1/servers/app1/report"
            let early = try await stage.send(.post, path, #"{"session": "s", "sequence": 2, "changes": {}}"#)
            #expect(try early.decoded(ReportAnswer.self).wantsWhole)
            let old = ServerService(
                state: .running, since: "2027-01-15T08:00:00Z", version: String(repeating: "b", count: 64))
            try await stage.send(
                .post, path, Self.report(1, services: ["tg.1": old, "x.1": old]))
            var node = try await stage.read(NodeDetail.self, "/v1/servers/app1/node")
            #expect(
                node.differences.map { "\($0.service) \($0.text)" } == [
                    "tg.1 has the manifest bbbbbbbbbbbb, and 0a0a0a0a0a0a is assigned",
                    "x.1 is running, and is not assigned",
                ])
            #expect(node.node.running == 2 && node.node.assigned == 1 && !node.node.isInSync)
            let tag = try #require(try await stage.get("/v1/servers/app1/assignments").headers[.eTag])
            let changes = ServerReportMessage(
                session: "s", sequence: 2,
                changes: [
                    "applied": .string(tag), "services": ["x.1": .null, "tg.1": ["version": .string(Self.digest)]],
                ])
            let answer = try await stage.send(.post, path, String(decoding: changes.jsonBytes, as: UTF8.self))
            #expect(try !answer.decoded(ReportAnswer.self).wantsWhole)
            node = try await stage.read(NodeDetail.self, "/v1/servers/app1/node")
            #expect(node.differences.isEmpty && node.node.isInSync)
            #expect(try await stage.read([NodeResource].self, "/v1/nodes").map(\.server) == ["app1", "app2", "app3"])
            // Its workers, and in the list of servers how many of them are ready.
            let worker = { (number: Int, state: String) -> JSONValue in
                [
                    "worker": .integer(number), "state": .string(state), "since": "2027-01-31T00:00:00Z", "restarts": 0,
                ]
            }
            let workers = ServerReportMessage(
                session: "s", sequence: 3,
                changes: ["services": ["tg.1": ["workers": [worker(1, "ready"), worker(2, "waiting")]]]])
            _ = try await stage.send(.post, path, String(decoding: workers.jsonBytes, as: UTF8.self))
            #expect(
                try await stage.read([NodeResource].self, "/v1/nodes").first?.workers
                    == [ExactText("tg.1"): WorkerCount(ready: 1, all: 2)])
            let twice = ServerReportMessage(
                session: "s", sequence: 4,
                changes: ["services": ["tg.1": ["workers": [worker(1, "ready"), worker(1, "ready")]]]])
            #expect(
                try await stage.send(.post, path, String(decoding: twice.jsonBytes, as: UTF8.self)).status
                    == .unprocessableContent)
            let broken = try await stage.send(
                .post, path, #"{"session": "s", "sequence": 4, "changes": {"load": -1}}"#)
            #expect(broken.problem?.errors.map(\.pointer) == ["#/changes/load"])
        }
    }

    @Test("a job is assigned until its node tells its end, which is kept")
    func jobs() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let path = "/v1/services/tg.1/jobs"
            #expect(try await stage.send(.post, path, #"{"kind": "restart"}"#).status == .unprocessableContent)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "\#(Self.version)"}"#)
            #expect(try await stage.send(.post, path + "?dry_run=true", #"{"kind": "restart"}"#).status == .ok)
            #expect(try await stage.read([JobResource].self, "/v1/jobs").isEmpty)
            let made = try await stage.send(.post, path, #"{"kind": "restart", "for": 60}"#)
            let job = try #require(try made.decoded(CreatedJob.self).job)
            #expect(made.status == .created && job.state == .waiting && job.version == Self.digest)
            let assigned = try await stage.read(Assignments.self, "/v1/servers/app1/assignments")
            #expect(assigned.jobs.keys.map(\.wrappedValue) == [job.id])
            let begun = JobReport(state: .running, startedAt: "2027-01-15T08:00:00Z", output: "a\n")
            try await stage.send(.post, "/v1/servers/app1/report", Self.report(1, jobs: [job.id: begun]))
            let running = try await stage.read(JobResource.self, "/v1/jobs/\(job.id)")
            #expect(running.state == .running && running.output == "a\n")
            let ended = JobReport(
                state: .failed, startedAt: "2027-01-15T08:00:00Z", endedAt: "2027-01-15T08:00:01Z", problem: "exit 3",
                output: "a\nb\n")
            // Another server's word counts for nothing.
            try await stage.send(.post, "/v1/servers/app2/report", Self.report(1, jobs: [job.id: ended]))
            #expect(try await stage.read(JobResource.self, "/v1/jobs/\(job.id)").state == .running)
            try await stage.send(.post, "/v1/servers/app1/report", Self.report(2, jobs: [job.id: ended]))
            let last = try await stage.read(JobResource.self, "/v1/jobs/\(job.id)")
            #expect(last.state == .failed && last.problem == "exit 3" && last.output == "a\nb\n")
            #expect(try await stage.read(Assignments.self, "/v1/servers/app1/assignments").jobs.isEmpty)
            #expect(try await stage.read([JobResource].self, "/v1/jobs?state=failed").map(\.id) == [job.id])
            #expect(try await stage.get("/v1/jobs/9-00000000").status == .notFound)
        }
    }

    @Test("a held poll is answered when the server's own assignments change, and for nothing else")
    func held() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "\#(Self.version)"}"#)
            let path = "/v1/servers/app1/assignments"
            let tag = try #require(try await stage.get(path).headers[.eTag])
            async let poll = stage.withConnection { client in
                try await client.poll(path, headers: [.ifNoneMatch: tag, .prefer: "wait=60"])
            }
            while await stage.registry.assignmentChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
            try await stage.send(.patch, "/v1/services/tg.2", #"{"version": "\#(Self.version)"}"#)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#)
            #expect(await stage.registry.assignmentChanges.waiting == 1)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"desired": "stopped"}"#)
            let answer = try await poll
            #expect(answer.status == .ok && answer.headers[.eTag] != tag)
        }
    }

    @Test("after a start of ADMIN a node is asked for its report, by an answer that is not held")
    func wantedReport() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let path = "/v1/servers/app1/assignments"
            let tag = try #require(try await stage.registry.state().assignments.byServer["app1"]?.etag)
            let wanted = try #require(HTTPField.Name(NodeHeader.report))
            let fields: HTTPFields = [.ifNoneMatch: tag, .prefer: "wait=60"]
            let first = try await stage.get(path, headers: fields)
            #expect(first.status == .notModified && first.headers[wanted] == "wanted")
            // Who does not report is not answered again and again.
            async let poll = stage.withConnection { client in try await client.poll(path, headers: fields) }
            while await stage.registry.assignmentChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
            try await stage.send(.post, "/v1/servers/app1/report", Self.report(1))
            try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "\#(Self.version)"}"#)
            let second = try await poll
            #expect(second.status == .ok && second.headers[wanted] == nil)
        }
    }

    @Test("a service with data moves only without it")
    func data() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for server in 1...2 {
                try await stage.send(
                    .patch, "/v1/servers/app\(server)", #"{"labels": ["db"], "drives": {"d1": "/mnt/d1"}}"#)
            }
            try await stage.send(
                .put, "/v1/types/mdb", "type: mdb\nrequires: {labels: [db]}\n", type: "application/yaml")
            try await stage.send(.put, "/v1/services/mdb.1", #"{"server": "app1", "version": "\#(Self.version)"}"#)
            #expect(try await stage.read(ServiceResource.self, "/v1/services/mdb.1").drive == "d1")
            let refused = try await stage.send(.patch, "/v1/services/mdb.1", #"{"server": "app2"}"#)
            #expect(refused.status == .conflict && refused.problem?.errors.map(\.pointer) == ["#/server"])
            let apply = #"{"services": [{"name": "mdb.1", "server": "app2"}]}"#
            #expect(try await stage.send(.post, "/v1/apply", apply).status == .conflict)
            let used = try await stage.send(.patch, "/v1/servers/app1", #"{"drives": {}}"#)
            #expect(used.status == .conflict && used.problem?.errors.map(\.pointer) == ["#/drives"])
            #expect(
                try await stage.send(.patch, "/v1/services/mdb.1?without_data=true", #"{"server": "app2"}"#).status
                    == .ok)
            let left = try await stage.read(Assignments.self, "/v1/servers/app1/assignments")
            #expect(left.services == [ExactText("mdb.1"): Assignment(desired: .absent, version: nil, drive: "d1")])
        }
    }
}
