import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing
import Text

@testable import Admin

@Suite("Confirmations of changes") struct ConfirmationRouteTests {
    private static let path = "/v1/locations/tcn/confirmation"

    /// A poll of a gateway that has applied an export, or holds one back.
    private func poll(_ stage: Stage, _ gateway: String, applied: String? = nil, held: String? = nil) async throws {
        var headers: HTTPFields = [.portcullisGateway: gateway]
        headers[.portcullisApplied] = applied
        headers[.portcullisHeld] = held
        headers[.portcullisHeldReason] = held.map { _ in "12 of 20 would go" }
        #expect(try await stage.get(ExportRouteTests.path, headers: headers).status == .ok)
    }

    private func tag(_ stage: Stage) async throws -> String {
        try await stage.get(ExportRouteTests.path).headers[.eTag] ?? ""
    }

    /// Brings server app2 into a state; returns the generation.
    private func set(_ stage: Stage, _ state: String) async throws -> Int {
        let answer = try await stage.send(.post, "/v1/states", #"{"state": "\#(state)", "servers": ["app2"]}"#)
        return try #require(try answer.report.generation)
    }

    private func standings(_ stage: Stage, _ generation: Int) async throws -> [String] {
        let found = try await stage.read(Confirmation.self, "\(Self.path)?generation=\(generation)")
        #expect(found.isConfirmed == found.gateways.allSatisfy { $0.standing == .confirmed })
        #expect(found.generation == generation && found.location == "tcn")
        return found.gateways.map { "\($0.name) \($0.standing)" }
    }

    @Test("a gateway confirms by a poll after the change, though the export is one that it had before")
    func story() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let ready = try await tag(stage)
            for gateway in ["gw1", "gw2"] { try await poll(stage, gateway, applied: ready) }
            let first = try await set(stage, "drain")
            let drain = try await tag(stage)
            #expect(try await standings(stage, first) == ["gw1 open", "gw2 open"])
            for gateway in ["gw1", "gw2"] { try await poll(stage, gateway, applied: drain) }
            #expect(try await standings(stage, first) == ["gw1 confirmed", "gw2 confirmed"])
            let second = try await set(stage, "ready")
            let third = try await set(stage, "drain")
            #expect(try await tag(stage) == drain)
            // What they said before the change does not count, however its export is called.
            #expect(try await standings(stage, first) == ["gw1 confirmed", "gw2 confirmed"])
            #expect(try await standings(stage, second) == ["gw1 open", "gw2 open"])
            #expect(try await standings(stage, third) == ["gw1 open", "gw2 open"])
            try await poll(stage, "gw1", applied: drain)
            #expect(try await standings(stage, third) == ["gw1 confirmed", "gw2 open"])
            #expect(try await standings(stage, second) == ["gw1 confirmed", "gw2 open"])
            try await poll(stage, "gw2", applied: ready)
            #expect(try await standings(stage, third) == ["gw1 confirmed", "gw2 open"])
            try await stage.send(.delete, "/v1/gateways/tcn/gw2")
            #expect(try await standings(stage, third) == ["gw1 confirmed"])
            // A change that leaves the export as it is needs no poll.
            let report = try await stage.send(.put, "/v1/locations/tcn", #"{"description": "Groningen, NL"}"#).report
            let other = try #require(report.generation)
            #expect(other == third + 1)
            #expect(try await standings(stage, other) == ["gw1 confirmed"])
            // A gateway that has lost what it had has not confirmed it.
            try await poll(stage, "gw1")
            #expect(try await standings(stage, other) == ["gw1 open"])
        }
    }

    @Test("changes that follow each other faster than polls are confirmed one by one")
    func behind() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await poll(stage, "gw1", applied: try await tag(stage))
            var (change, applied) = (try await set(stage, "drain"), try await tag(stage))
            // It gets the export of the change with this poll.
            try await poll(stage, "gw1", applied: "\"old\"")
            for state in ["maint", "drain", "ready", "drain"] {
                #expect(try await standings(stage, change) == ["gw1 open"])
                let next = try await set(stage, state)
                try await poll(stage, "gw1", applied: applied)
                #expect(try await standings(stage, change) == ["gw1 confirmed"])
                (change, applied) = (next, try await tag(stage))
            }
        }
    }

    @Test("a change that is held back is told with its reason, and no longer once it is replaced")
    func held() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let before = try await tag(stage)
            let change = try await set(stage, "maint")
            try await poll(stage, "gw1", applied: before, held: "\"other\"")
            #expect(try await standings(stage, change) == ["gw1 open"])
            try await poll(stage, "gw1", applied: before, held: try await tag(stage))
            #expect(try await standings(stage, change) == ["gw1 held"])
            let found = try await stage.read(Confirmation.self, Self.path)
            #expect(found.gateways.map(\.reason) == ["12 of 20 would go"] && found.generation == change)
            let next = try await set(stage, "ready")
            #expect(try await standings(stage, next) == ["gw1 open"])
            try await poll(stage, "gw1", applied: before)
            #expect(try await standings(stage, next) == ["gw1 confirmed"])
        }
    }

    @Test("connections count only if they were reported after the gateway has confirmed, of the export in force")
    func connections() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await set(stage, "drain")
            let drain = try await tag(stage)
            func counts() async throws -> [String] {
                let found = try await stage.read(Confirmation.self, Self.path + "?connections=true")
                return found.gateways.flatMap { gateway in
                    (gateway.connections ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key.wrappedValue)=\($0.value)" }
                        + (gateway.uncounted ?? []).map { "\($0)?" }
                }
            }
            func report(_ sequence: Int, _ export: String, _ count: Int) async throws {
                let counts = #"{"pgw.2": \#(count), "tg.2": 0}"#
                let tag = String(export.dropFirst().dropLast())
                let draining = #""draining": {"export": "\"\#(tag)\"", "connections": \#(counts)}"#
                let body = """
                    {"session": "a", "sequence": \(sequence), "report": {"program": "1", "state": "synchronized", "drains": {},
                     "drainCount": 0, "refusals": {}, "problems": [], \(draining)}}
                    """
                let answer = try await stage.send(.post, "/v1/gateways/tcn/gw1/report", body)
                #expect(answer.status == .ok, "\(answer.text)")
            }
            try await poll(stage, "gw1", applied: "\"old\"")
            try await report(1, drain, 3)
            #expect(try await counts() == ["pgw.2?", "tg.2?"])
            stage.clock.advance(by: 1)
            try await poll(stage, "gw1", applied: drain)
            #expect(try await counts() == ["pgw.2?", "tg.2?"])
            stage.clock.advance(by: 1)
            try await report(2, "\"old\"", 3)
            #expect(try await counts() == ["pgw.2?", "tg.2?"])
            try await report(3, drain, 3)
            #expect(try await counts() == ["pgw.2=3", "tg.2=0"])
            _ = try await set(stage, "ready")
            #expect(try await counts() == [])
            _ = try await set(stage, "drain")
            try await poll(stage, "gw1", applied: drain)
            #expect(try await counts() == ["pgw.2?", "tg.2?"])
            let bare = try await stage.get(Self.path).text
            #expect(!bare.contains("connections") && !bare.contains("uncounted"))
        }
    }

    @Test("a held answer comes with the poll that confirms, with the report, and when a gateway is forgotten")
    func waits() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            try await poll(stage, "gw1")
            try await poll(stage, "gw2", applied: try await tag(stage))
            let path = Self.path + "?connections=true"
            let changes: [@Sendable () async throws -> Void] = [
                { try await poll(stage, "gw1", applied: try await tag(stage)) },
                { _ = try await stage.send(.delete, "/v1/gateways/tcn/gw2") },
            ]
            for change in changes {
                let known = try #require(try await stage.get(path).headers[.eTag])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        let answer = try await stage.withConnection { client in
                            try await client.poll(path, headers: [.ifNoneMatch: known, .prefer: "wait=60"])
                        }
                        #expect(answer.status == .ok && answer.headers[.preferenceApplied] == "wait=60")
                    }
                    while await stage.registry.confirmations.waiting == 0 {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    try await change()
                    try await group.waitForAll()
                }
            }
            let last = try #require(try await stage.get(path).headers[.eTag])
            let same = try await stage.withConnection { client in
                try await client.poll(path, headers: [.ifNoneMatch: last, .prefer: "wait=1"])
            }
            #expect(same.status == .notModified)
        }
    }

    @Test("what cannot be asked is refused by its name")
    func refused() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for (query, status, pointer) in [
                ("generation=99", 422, "?generation"), ("generation=-1", 400, "?generation"),
                ("generation=x", 400, "?generation"), ("connections=maybe", 400, "?connections"),
            ] {
                let answer = try await stage.get("\(Self.path)?\(query)")
                #expect(answer.problem?.status == status)
                #expect(answer.problem?.errors.map(\.pointer) == [pointer], "\(answer.text)")
            }
            #expect(try await stage.get("/v1/locations/nowhere/confirmation").problem?.status == 404)
            #expect(try await stage.read(Confirmation.self, Self.path).isConfirmed)
        }
    }
}
