import HummingbirdTesting
import AdminAPI
import Cloud
import HTTPTypes
import Names
import Registry
import RegistryTestSupport
import Rollouts
import Testing

@testable import Admin

@Suite("Routes of rollouts") struct RolloutRouteTests {
    @Test("a rollout begins, is listed and read; a dry run shows how it would begin")
    func creation() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let body = #"{"type": "pgw", "version": "2.0"}"#
            let tried = try await stage.send(.post, "/v1/rollouts?dry_run=true", body)
            #expect(tried.status == .ok)
            let plan = try #require(try tried.decoded(CreatedRollout.self).rollout)
            #expect(plan.instances?.map(\.service) == ["pgw.1", "pgw.2"])
            #expect(try await stage.read([RolloutResource].self, "/v1/rollouts").isEmpty)
            let made = try await stage.send(.post, "/v1/rollouts", body)
            #expect(made.status == .created)
            let created = try made.decoded(CreatedRollout.self)
            let rollout = try #require(created.rollout)
            #expect(created.report.changes.map(\.kind) == [.rollout] && created.report.changes[0].action == .create)
            #expect(rollout.id == "1" && rollout.type == "pgw" && rollout.state == .running)
            #expect(rollout.version == .named("2.0", variant: nil) && rollout.createdBy == "anonymous")
            #expect(rollout.total == 2 && rollout.done == 0 && rollout.stuck == 0)
            #expect(rollout.instances?.map(\.stage) == ["waiting", "waiting"])
            #expect(rollout.instances?.map(\.before) == ["1.0", "1.0"])
            #expect(rollout.instances?.map(\.server) == ["app1", "app2"])
            let list = try await stage.read([RolloutResource].self, "/v1/rollouts")
            #expect(list.map(\.id) == ["1"] && list[0].instances == nil)
            #expect(try await stage.read(RolloutResource.self, "/v1/rollouts/1").instances?.count == 2)
            #expect(try await stage.get("/v1/rollouts/2").status == .notFound)
            let events = try await stage.read(EventPage.self, "/v1/events?kind=rollout").events
            // The driver may have begun meanwhile.
            #expect(events.first?.action == .create && Set(events.map(\.name)) == ["1"])
            #expect(events.count { $0.action == .create } == 1)
        }
    }

    @Test("the list is filtered by type and state, and sorted by number")
    func list() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            try await stage.addVersion("5", of: "tg")
            try await stage.addVersion("6", of: "tg")
            try await stage.send(.patch, "/v1/services/tg.1", #"{"version": "5"}"#)
            _ = try await stage.begin()
            _ = try await stage.begin(#"{"type": "tg", "version": "6"}"#)
            try await stage.send(.post, "/v1/rollouts/2/pause")
            for (query, ids) in [
                ("", ["1", "2"]), ("?sort=-number", ["2", "1"]), ("?type=tg", ["2"]), ("?type=none", []),
                ("?state=running", ["1"]), ("?state=paused", ["2"]), ("?state=paused&type=pgw", []),
            ] {
                #expect(
                    try await stage.read([RolloutResource].self, "/v1/rollouts\(query)").map(\.id) == ids, "\(query)")
            }
            #expect(try await stage.get("/v1/rollouts?state=asleep").status == .badRequest)
            #expect(try await stage.get("/v1/rollouts?typ=tg").status == .badRequest)
        }
    }

    @Test("upgrade of the type counts unless the body says otherwise")
    func policy() async throws {
        let canary = { @Sendable (count: Int, promotion: RolloutPolicy.Canary.Promotion) in
            RolloutPolicy.Canary(count: count, promotion: promotion)
        }
        try await Stage.run { stage in
            try await stage.seedVersions()
            let type =
                Stage.pgw + "upgrade: {batch: 50%, canary: {count: 1, promote: manual}, bake: 5m, deadline: 20m}\n"
            try await stage.send(.put, "/v1/types/pgw", type, type: "application/yaml")
            for (members, wanted) in [
                ("", RolloutPolicy(batch: .percent(50), canary: canary(1, .manual), bake: 300, deadline: 1_200)),
                (
                    #", "batch": "3", "bake": 0, "deadline": 60"#,
                    RolloutPolicy(batch: .instances(3), canary: canary(1, .manual), bake: 0, deadline: 60)
                ),
                (#", "canaries": 0"#, RolloutPolicy(batch: .percent(50), bake: 300, deadline: 1_200)),
                (
                    #", "canaries": 2"#,
                    RolloutPolicy(batch: .percent(50), canary: canary(2, .manual), bake: 300, deadline: 1_200)
                ),
                (
                    #", "promoteByHand": false"#,
                    RolloutPolicy(batch: .percent(50), canary: canary(1, .auto), bake: 300, deadline: 1_200)
                ),
            ] {
                let rollout = try await stage.begin(#"{"type": "pgw", "version": "2.0"\#(members)}"#)
                var policy = try #require(
                    try await stage.registry.state().cloud.rollouts[rollout.id]?.progress.policy)
                policy.drainTime = wanted.drainTime
                #expect(policy == wanted, "\(members)")
                try await stage.send(.post, "/v1/rollouts/\(rollout.id)/abort")
            }
        }
    }

    @Test("canaries and their promotion without any in the type")
    func canaries() throws {
        let wanted = { (canaries: Int?, isPromotedByHand: Bool?) in
            RolloutCreation(
                type: "t", version: .named("1", variant: nil), canaries: canaries, isPromotedByHand: isPromotedByHand)
        }
        let plain = RolloutPolicy()
        #expect(try plain.overridden(by: wanted(nil, nil)) == plain)
        #expect(try plain.overridden(by: wanted(nil, false)) == plain)
        #expect(try plain.overridden(by: wanted(2, nil)).canary == .init(count: 2, promotion: .auto))
        #expect(try plain.overridden(by: wanted(2, true)).canary == .init(count: 2, promotion: .manual))
        for count in [nil, 0] {
            #expect(throws: ChangeError.self) { try plain.overridden(by: wanted(count, true)) }
        }
    }

    @Test("what cannot begin is refused with its place, and nothing has begun")
    func refusals() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            try await stage.addVersion("3.0", of: "pgw")
            try await stage.send(.put, "/v1/versions/pgw/3.0/mark", #"{"mark": "quarantined", "reason": "it fails"}"#)
            let foreign = try await stage.addVersion("9", of: "tg")
            let unknown = String(repeating: "a", count: 64)
            try await stage.send(.post, "/v1/services", #"{"type": "pgw", "server": "app3"}"#)
            for (members, pointer) in [
                (#""type": "pgw", "version": "2.1""#, "#/version"),
                (#""type": "pgw", "version": "2.0/debug""#, "#/version"),
                (#""type": "pgw", "version": "3.0""#, "#/version"),
                (#""type": "pgw", "version": "sha256:\#(unknown)""#, "#/version"),
                (#""type": "pgw", "version": "sha256:\#(foreign)""#, "#/version"),
                (#""type": "none", "version": "2.0""#, "#/version"),
                (#""type": "pgw""#, "#/version"), (#""version": "2.0""#, "#/type"),
                (#""type": "pgw", "version": "2.0", "location": "hel""#, "#/location"),
                (#""type": "pgw", "version": "2.0", "services": ["pgw.1", "pgw.9"]"#, "#/services/1"),
                (#""type": "pgw", "version": "2.0", "services": ["tg.1"]"#, "#/services/0"),
                (#""type": "pgw", "version": "2.0", "services": ["pgw.3"]"#, "#/services/0"),
                (#""type": "pgw", "version": "2.0", "services": ["pgw.1", "pgw.1"]"#, "#/services/1"),
                (#""type": "pgw", "version": "2.0", "promoteByHand": true"#, "#/promoteByHand"),
                (#""type": "pgw", "version": "2.0", "batch": "0""#, "#/batch"),
                (#""type": "pgw", "version": "2.0", "batch": "101%""#, "#/batch"),
                (#""type": "pgw", "version": "2.0", "batch": 2"#, "#/batch"),
                (#""type": "pgw", "version": "2.0", "canaries": 1001"#, "#/canaries"),
                (#""type": "pgw", "version": "2.0", "bake": -1"#, "#/bake"),
                (#""type": "pgw", "version": "2.0", "deadline": 9"#, "#/deadline"),
                (#""type": "pgw", "version": "2.0", "withoutGateways": ["a b"]"#, "#/withoutGateways/0"),
                (#""type": "pgw", "version": "2.0", "service": ["pgw.1"]"#, "#/service"),
            ] {
                let answer = try await stage.send(.post, "/v1/rollouts", "{\(members)}")
                #expect(answer.status == .unprocessableContent, "\(members): \(answer.text)")
                #expect(answer.problem?.errors.map(\.pointer) == [pointer], "\(members): \(answer.text)")
            }
            #expect(try await stage.registry.state().cloud.rollouts.isEmpty)
            _ = try await stage.begin()
            // One that is at work on the same instances is in the way.
            try await stage.addVersion("2.5", of: "pgw")
            let second = try await stage.send(.post, "/v1/rollouts", #"{"type": "pgw", "version": "2.5"}"#)
            #expect(second.status == .conflict && second.problem?.detail.contains("ollout 1") == true)
        }
    }

    @Test(
        "asked for what is there, or is being done already, ADMIN answers so, and begins nothing",
        arguments: ["", "?dry_run=true"])
    func again(query: String) async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let ask = { @Sendable (version: String) in
                try await stage.send(.post, "/v1/rollouts\(query)", #"{"type": "pgw", "version": "\#(version)"}"#)
            }
            // Nobody has said yet that it runs.
            let unseen = try await stage.send(
                .post, "/v1/rollouts?dry_run=true", #"{"type": "pgw", "version": "1.0"}"#
            ).decoded(CreatedRollout.self)
            #expect(unseen.upToDate == nil && unseen.rollout?.instances?.first?.waitsFor == "app1 to run it")
            try await stage.reportRunning()
            let there = try await ask("1.0")
            #expect(there.status == .ok)
            let answer = try there.decoded(CreatedRollout.self)
            #expect(answer.upToDate == 2 && answer.rollout == nil && answer.report.changes.isEmpty)
            #expect(try await stage.registry.state().cloud.rollouts.isEmpty)
            _ = try await stage.begin()
            let second = try await ask("2.0")
            #expect(second.status == .ok)
            let underWay = try second.decoded(CreatedRollout.self)
            #expect(underWay.rollout?.id == "1" && underWay.report.changes.isEmpty && underWay.upToDate == nil)
            #expect(try await stage.registry.state().cloud.rollouts.count == 1)
        }
    }

    @Test("a long name is not repeated as a whole")
    func longNames() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let long = String(repeating: "a", count: 4_000)
            for path in ["rollouts", "jobs", "services", "versions/pgw", "services/\(long)/move", "types"] {
                let target = path.contains(long) ? "/v1/\(path)" : "/v1/\(path)/\(long)"
                let answer = try await stage.get(target)
                #expect([.notFound, .unprocessableContent].contains(answer.status), "\(path): \(answer.status)")
                #expect(answer.text.utf8.count < 600, "\(path.prefix(20)): \(answer.text.prefix(600))")
            }
            for body in [
                #"{"type": "pgw", "version": "\#(long)"}"#, #"{"type": "\#(long)", "version": "2.0"}"#,
                #"{"type": "pgw", "version": "2.0", "services": ["\#(long).1"]}"#,
                #"{"type": "pgw", "version": "2.0", "location": "\#(long)"}"#,
            ] {
                let answer = try await stage.send(.post, "/v1/rollouts", body)
                #expect(answer.status == .unprocessableContent)
                #expect(answer.text.utf8.count < 600, "\(answer.text.prefix(600))")
            }
        }
    }

    @Test("a version is taken by its digest, too; a variant is then known by its name")
    func digests() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let debug = try await stage.addVersion("2.0", of: "pgw", variant: "debug")
            let rollout = try await stage.begin(
                #"{"type": "pgw", "version": "sha256:\#(debug)", "services": ["pgw.2"]}"#)
            #expect(rollout.digest == debug && rollout.version == .named("2.0", variant: "debug"))
            #expect(rollout.instances?.map(\.service) == ["pgw.2"])
        }
    }

    @Test("orders, what each answers, and when it is refused")
    func orders() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let order = { @Sendable (words: String, body: String?) in
                try await stage.send(.post, "/v1/rollouts/1/\(words)", body)
            }
            for word in ["pause", "abort", "revert"] { #expect(try await order(word, nil).status == .notFound) }
            #expect(try await order("resume", "{}").status == .notFound)
            // A gateway that says nothing: the rollout comes no further than to drain.
            _ = try await stage.get(
                "/v1/locations/tcn/services.csv", headers: [HTTPField.Name("Portcullis-Gateway")!: "gw1"])
            _ = try await stage.begin()
            #expect(try await order("pause?dry_run=true", nil).decoded(RolloutResource.self).state == .paused)
            #expect(try await stage.read(RolloutResource.self, "/v1/rollouts/1").state == .running)
            #expect(try await order("resume", "{}").status == .conflict)
            let paused = try await order("pause", nil).decoded(RolloutResource.self)
            #expect(paused.state == .paused && paused.reason != nil && paused.instances?.count == 2)
            #expect(try await order("pause", nil).status == .conflict)
            let resumed = try await order("resume", #"{"withoutGateways": ["gw2"]}"#).decoded(RolloutResource.self)
            #expect(resumed.state == .running && resumed.reason == nil)
            #expect(
                try await stage.registry.state().cloud.rollouts["1"]?.progress.withoutGateways == ["gw2"])
            #expect(try await order("resume", #"{"withoutGateways": ["a b"]}"#).status == .unprocessableContent)
            #expect(try await order("resume", nil).status == .unsupportedMediaType)
            #expect(try await order("abort", nil).decoded(RolloutResource.self).state == .aborted)
            #expect(try await order("abort", nil).status == .conflict)
            #expect(try await order("pause", nil).status == .conflict)
            #expect(try await order("revert", nil).status == .conflict)
            #expect(try await order("stop", nil).status == .notFound)
            let last = try await stage.read(RolloutResource.self, "/v1/rollouts/1")
            #expect(last.state == .aborted && last.endedAt != nil)
        }
    }

    @Test("who may begin and order: role admin within its scope; role read tries")
    func roles() async throws {
        try await Stage.run { stage in
            try await stage.seedVersions()
            let token = { @Sendable (name: String, role: TokenRole, scope: ChangeScope) in
                let grant = TokenGrant(name: name, role: role, scope: scope)
                return [.authorization: "Bearer \(try await stage.registry.tokens.add(grant).secret)"] as HTTPFields
            }
            let admin = try await token("ops", .admin, .everything)
            let reader = try await token("reader", .read, .everything)
            let ours = try await token("ours", .admin, ChangeScope(locations: ["tcn"], types: ["pgw"]))
            let otherType = try await token("other-type", .admin, ChangeScope(types: ["tg"]))
            let otherPlace = try await token("other-place", .admin, ChangeScope(locations: ["hel"]))
            let body = #"{"type": "pgw", "version": "2.0"}"#
            let post = { @Sendable (path: String, headers: HTTPFields) in
                try await stage.send(.post, path, path.contains("rollouts/") ? nil : body, headers: headers).status
            }
            for headers in [reader, otherType, otherPlace] {
                #expect(try await post("/v1/rollouts", headers) == .forbidden)
            }
            #expect(try await post("/v1/rollouts?dry_run=true", reader) == .ok)
            #expect(try await post("/v1/rollouts", HTTPFields()) == .unauthorized)
            #expect(try await post("/v1/rollouts", ours) == .created)
            #expect(try await stage.get("/v1/rollouts/1", headers: reader).status == .ok)
            #expect(try await stage.get("/v1/rollouts", headers: reader).status == .ok)
            for headers in [reader, otherType, otherPlace] {
                #expect(try await post("/v1/rollouts/1/pause", headers) == .forbidden)
            }
            #expect(try await post("/v1/rollouts/1/pause", ours) == .ok)
            #expect(try await post("/v1/rollouts/1/abort", admin) == .ok)
            let read = try await stage.get("/v1/rollouts/1", headers: admin).decoded(RolloutResource.self)
            #expect(read.createdBy == "ours")
        }
    }

    @Test("a held answer comes when the rollout changes; its seconds alone do not end it")
    func held() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seedVersions()
            // Its server is silent, so that it goes no further than its start.
            _ = try await stage.begin(#"{"type": "pgw", "version": "2.0", "services": ["pgw.1"], "deadline": 3600}"#)
            let path = "/v1/rollouts/1"
            var tag = ""
            for _ in 0..<200 {
                let answer = try await stage.get(path)
                tag = answer.headers[.eTag] ?? ""
                let instance = try answer.decoded(RolloutResource.self).instances?.first
                if instance?.stage == "starting", instance?.waitsFor != nil { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(tag.hasPrefix("W/"))
            let unchanged = try await stage.withConnection { [tag] client in
                try await client.poll(path, headers: [.ifNoneMatch: tag, .prefer: "wait=2"])
            }
            #expect(unchanged.status == .notModified)
            let list = try #require(try await stage.get("/v1/rollouts").headers[.eTag])
            async let one = stage.withConnection { [tag] client in
                try await client.poll(path, headers: [.ifNoneMatch: tag, .prefer: "wait=60"])
            }
            async let all = stage.withConnection { client in
                try await client.poll("/v1/rollouts", headers: [.ifNoneMatch: list, .prefer: "wait=60"])
            }
            try await Task.sleep(for: .milliseconds(500))
            try await stage.send(.post, "/v1/rollouts/1/pause")
            let (rollout, rollouts) = (try await one, try await all)
            #expect(rollout.status == .ok && rollouts.status == .ok)
        }
    }
}
