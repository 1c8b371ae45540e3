import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import ServicesExport
import Synchronization
import Testing

@testable import Admin

@Suite("The services export over HTTP") struct ExportRouteTests {
    static let path = "/v1/locations/tcn/services.csv"

    @Test("the export carries media type, strong ETag and Content-Digest of its bytes, and reads back")
    func headers() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let response = try await stage.get(Self.path)
            let bytes = Array(buffer: response.body)
            let digest = ExportDigest(of: bytes)
            #expect(response.headers[.contentType] == "text/csv; charset=utf-8; header=present; version=2")
            #expect(response.headers[.vary] == "Accept")
            #expect(response.headers[.eTag] == digest.etag)
            #expect(response.headers[.contentDigest] == digest.contentDigest)
            #expect(response.headers[.cacheControl] == "no-cache")
            #expect(response.text.hasPrefix(ServicesCSV.Version.newest.header + "\n"))
            #expect(try await stage.export().count == 8)
            let lines = try await stage.export()
            #expect(lines == lines.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        }
    }

    @Test("an unchanged export is a 304 for the tag, its weak form, a list with it, and *")
    func notModified() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get(Self.path).headers[.eTag])
            for condition in [tag, "W/\(tag)", "\"a\", \(tag)", "*"] {
                let response = try await stage.get(Self.path, headers: [.ifNoneMatch: condition])
                #expect(response.status == .notModified)
                #expect(response.headers[.eTag] == tag)
                #expect(response.body.readableBytes == 0)
            }
            for condition in ["\"a\"", "nonsense"] {
                #expect(try await stage.get(Self.path, headers: [.ifNoneMatch: condition]).status == .ok)
            }
            try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "maint"}"#)
            #expect(try await stage.get(Self.path, headers: [.ifNoneMatch: tag]).status == .ok)
        }
    }

    @Test("an empty location has an export of the header alone, an unknown one none")
    func empty() async throws {
        try await Stage.run { stage in
            try await stage.send(.put, "/v1/locations/tcn", "{}")
            #expect(try await stage.get(Self.path).text == ServicesCSV.Version.newest.header + "\n")
            #expect(try await stage.get("/v1/locations/ams/services.csv").problem?.status == 404)
        }
    }

    @Test("however many poll, an export is built once per change, and only where the change can reach")
    func builds() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await stage.send(.put, "/v1/locations/ams", "{}")
            // As long as the states are there, the bytes of each export have an address of their own.
            func bytes(_ location: String, _ state: RegistryState) throws -> UnsafeRawPointer? {
                try #require(state.exports.byLocation[location]).newest.bytes.withUnsafeReadableBytes { $0.baseAddress }
            }
            let before = try await stage.registry.state()
            try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 3}"#)
            let changed = try await stage.registry.state()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 { group.addTask { _ = try await stage.get(Self.path) } }
                try await group.waitForAll()
            }
            let polled = try await stage.registry.state()
            try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 3}"#)
            let same = try await stage.registry.state()
            #expect(try bytes("tcn", changed) != bytes("tcn", before))
            for state in [changed, polled, same] {
                #expect(try bytes("tcn", state) == bytes("tcn", changed))
                #expect(try bytes("ams", state) == bytes("ams", before))
            }
            withExtendedLifetime([before, changed, polled, same]) {}
        }
    }

    @Test("a held poll is answered as soon as its location's export differs, and not by another change")
    func longPoll() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            try await stage.send(.put, "/v1/locations/ams", "{}")
            let tag = try #require(try await stage.get(Self.path).headers[.eTag])
            try await withHeldPoll(on: stage, tag: tag, wait: 60) { poll in
                // Neither another location nor a change that leaves the bytes alone wakes it.
                try await stage.send(.put, "/v1/locations/ams", #"{"description": "x"}"#)
                try await stage.send(.put, "/v1/types/pgw", "# comment\n" + Stage.pgw, type: "application/yaml")
                try await Task.sleep(for: .milliseconds(200))
                #expect(await stage.registry.exportChanges.waiting == 1)
                try await stage.send(.patch, "/v1/services/tg.1", #"{"state": "drain"}"#)
                let response = try await poll.value
                #expect(response.status == .ok)
                #expect(response.headers[.eTag] != tag)
                #expect(response.headers[.preferenceApplied] == "wait=60")
            }
            #expect(await stage.registry.exportChanges.waiting == 0)
        }
    }

    @Test("a held poll ends with a 304 when its time is over")
    func longPollTimesOut() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get(Self.path).headers[.eTag])
            let response = try await stage.get(
                Self.path, headers: [.ifNoneMatch: tag, .prefer: "respond-async, wait=1"])
            #expect(response.status == .notModified)
            #expect(response.headers[.preferenceApplied] == "wait=1")
            #expect(await stage.registry.exportChanges.waiting == 0)
        }
    }

    @Test("a poll that knows two exports is held while the export is either of them, and told of a third")
    func longPollWithTwoTags() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let first = try #require(try await stage.get(Self.path).headers[.eTag])
            try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 1}"#)
            let second = try #require(try await stage.get(Self.path).headers[.eTag])
            try await withHeldPoll(on: stage, tag: "\(first), \(second)", wait: 60) { poll in
                try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": null}"#)
                #expect(try await stage.get(Self.path).headers[.eTag] == first)
                try await Task.sleep(for: .milliseconds(200))
                #expect(await stage.registry.exportChanges.waiting == 1)
                try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 2}"#)
                let response = try await poll.value
                #expect(response.status == .ok)
                #expect(response.headers[.eTag] != first && response.headers[.eTag] != second)
            }
        }
    }

    @Test("the 304 to a poll that knows two exports says which of them is current")
    func longPollSaysWhich() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let first = try #require(try await stage.get(Self.path).headers[.eTag])
            try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 1}"#)
            let second = try #require(try await stage.get(Self.path).headers[.eTag])
            for current in [second, first] {
                let start = ContinuousClock.now
                let response = try await stage.withConnection { client in
                    try await client.poll(
                        Self.path, headers: [.ifNoneMatch: "\(first), \(second)", .prefer: "wait=1"])
                }
                #expect(response.status == .notModified)
                #expect(response.headers[.eTag] == current)
                #expect(response.headers[.preferenceApplied] == "wait=1")
                #expect(.now - start >= .seconds(1))
                try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": null}"#)
            }
        }
    }

    @Test("a held poll whose location is deleted is told so")
    func longPollLosesLocation() async throws {
        try await Stage.run(.live) { stage in
            try await stage.send(.put, "/v1/locations/tcn", "{}")
            let tag = try #require(try await stage.get(Self.path).headers[.eTag])
            try await withHeldPoll(on: stage, tag: tag, wait: 60) { poll in
                try await stage.send(.delete, "/v1/locations/tcn")
                #expect(try await poll.value.status == .notFound)
            }
        }
    }

    @Test("a client that goes away is not waited for, and no longer counts as polling")
    func disconnect() async throws {
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get(Self.path).headers[.eTag])
            try await stage.withConnection { client in
                try await client.executeAndDontWaitForResponse(
                    TestClient.Request(
                        Self.path, method: .get, authority: "localhost",
                        headers: [.ifNoneMatch: tag, .prefer: "wait=60", .portcullisGateway: "gw1"]))
                while await stage.registry.exportChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
            }
            let deadline = ContinuousClock.now + .seconds(180)
            while await stage.registry.exportChanges.waiting > 0, .now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(await stage.registry.exportChanges.waiting == 0)
            // While the poll counts as held its age is 0, whatever the clock says.
            var age = 0.0
            while age == 0, .now < deadline {
                stage.clock.advance(by: 5)
                age = try await stage.read([GatewayResource].self, "/v1/gateways").first?.age ?? 0
            }
            #expect(age > 0)
        }
    }

    @Test("a shutdown lets held polls go at once")
    func shutdownReleases() async throws {
        let start = ContinuousClock.now
        try await Stage.run(.live) { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get(Self.path).headers[.eTag])
            Task.detached {
                try await stage.withConnection { client in
                    _ = try await client.poll(Self.path, headers: [.ifNoneMatch: tag, .prefer: "wait=60"])
                }
            }
            while await stage.registry.exportChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(.now - start < .seconds(55))
    }

    @Test("a gateway's poll is its heartbeat: what it has applied, since when, whether that is current")
    func heartbeat() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let tag = try #require(try await stage.get(Self.path).headers[.eTag])
            func poll(applied: String?) async throws {
                var headers: HTTPFields = [.portcullisGateway: "gw1", .portcullisRole: "active"]
                headers[.portcullisApplied] = applied
                #expect(try await stage.get(Self.path, headers: headers).status == .ok)
            }
            try await poll(applied: nil)
            stage.clock.advance(by: 3)
            try await poll(applied: tag)
            stage.clock.advance(by: 3)
            try await poll(applied: tag)
            stage.clock.advance(by: 2)
            let gateway = try #require(try await stage.read([GatewayResource].self, "/v1/gateways").first)
            #expect(gateway.name == "gw1" && gateway.location == "tcn" && gateway.role == .active)
            #expect(gateway.applied == tag && gateway.current == tag && gateway.inSync)
            #expect(gateway.since == Timestamp.text(Date(timeIntervalSince1970: 1_800_000_003)))
            #expect(gateway.age == 2)
            try await stage.send(.patch, "/v1/services/tg.1", #"{"weight": 1}"#)
            #expect(try await stage.read([GatewayResource].self, "/v1/gateways").first?.inSync == false)
        }
    }

    @Test("an export that a gateway holds back is told with its reason, since when, until the gateway no longer does")
    func heldExport() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            func poll(_ headers: HTTPFields) async throws -> GatewayResource? {
                var headers = headers
                headers[.portcullisGateway] = "gw1"
                #expect(try await stage.get(Self.path, headers: headers).status == .ok)
                stage.clock.advance(by: 1)
                return try await stage.read([GatewayResource].self, "/v1/gateways").first
            }
            func since(_ seconds: Double) -> String {
                Timestamp.text(Date(timeIntervalSince1970: 1_800_000_000 + seconds))
            }
            let reason = "12 of 20 virtual services would go: " + String(repeating: "~", count: 364)
            var headers: HTTPFields = [
                .portcullisHeld: "\"b\"", .portcullisHeldReason: reason, .portcullisHeldDecision: "pending",
                .portcullisFailures: "3",
            ]
            let first = try await poll(headers)
            #expect(
                first?.held
                    == GatewayResource.HeldExport(etag: "\"b\"", reason: reason, decision: .pending, since: since(0)))
            #expect(first?.failures == 3)
            headers[.portcullisHeldDecision] = "rejected"
            headers[.portcullisFailures] = "0"
            let rejected = try await poll(headers)
            #expect(rejected?.held?.decision == .rejected && rejected?.held?.since == since(0))
            #expect(rejected?.failures == 0)
            headers[.portcullisHeld] = "\"c\""
            headers[.portcullisHeldReason] = nil
            headers[.portcullisHeldDecision] = nil
            #expect(
                try await poll(headers)?.held
                    == GatewayResource.HeldExport(etag: "\"c\"", reason: nil, decision: .pending, since: since(2)))
            let none = try await poll([.portcullisHeldReason: "of nothing", .portcullisHeldDecision: "rejected"])
            #expect(none != nil && none?.held == nil && none?.failures == nil)
            #expect(try await stage.get("/v1/gateways").text.contains("held") == false)
        }
    }

    @Test("a poll without a name, or with a token that is not a gateway's, is no heartbeat")
    func noHeartbeat() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            let admin = try await stage.registry.tokens.add(name: "ops", role: .admin)
            let gateway = try await stage.registry.tokens.add(name: "gws", role: .gateway)
            let authorized: HTTPFields = [.authorization: "Bearer \(admin)"]
            _ = try await stage.get(Self.path, headers: [.authorization: "Bearer \(admin)", .portcullisGateway: "gw1"])
            _ = try await stage.get(Self.path, headers: [.authorization: "Bearer \(gateway)"])
            #expect(try await stage.get("/v1/gateways", headers: authorized).decoded([GatewayResource].self) == [])
            _ = try await stage.get(
                Self.path, headers: [.authorization: "Bearer \(gateway)", .portcullisGateway: "gw1"])
            #expect(try await stage.get("/v1/gateways", headers: authorized).decoded([GatewayResource].self).count == 1)
        }
    }

    @Test("a gateway's header that makes no sense is a 400 that names it")
    func badHeartbeat() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            for (name, value) in [
                (HTTPField.Name.portcullisGateway, "GW 1"), (.portcullisRole, "boss"), (.portcullisApplied, "a b"),
                (.portcullisHeld, "a b"), (.portcullisHeld, String(repeating: "x", count: 129)),
                (.portcullisHeldReason, String(repeating: "x", count: 401)), (.portcullisHeldReason, "a\tb"),
                (.portcullisHeldReason, ""), (.portcullisHeldDecision, "accepted"), (.portcullisFailures, "-1"),
                (.portcullisFailures, "many"), (.portcullisFailures, "1000000000"), (.portcullisFailures, "07"),
                (.portcullisFailures, ""),
            ] {
                let response = try await stage.get(Self.path, headers: [name: value])
                #expect(response.problem?.status == 400, "\(name): \(value)")
                #expect(response.problem?.errors.first?.pointer == name.rawName)
            }
        }
    }

    @Test("heartbeats outlive a restart, though a poll writes nothing")
    func persistence() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            _ = try await stage.get(
                Self.path,
                headers: [
                    .portcullisGateway: "gw1", .portcullisRole: "passive", .portcullisHeld: "\"b\"",
                    .portcullisHeldReason: "too much goes", .portcullisHeldDecision: "rejected",
                    .portcullisFailures: "7",
                ])
            _ = try await stage.get(Self.path, headers: [.portcullisGateway: "gw2"])
            let now = Timestamp.text(stage.clock.now())
            let fresh = GatewayRoster(registry: stage.registry, logger: Stage.logger)
            #expect(try await fresh.resources(in: try await stage.registry.state()).isEmpty)
            await stage.gateways.flush()
            let next = GatewayRoster(registry: stage.registry, logger: Stage.logger)
            stage.clock.advance(by: 5)
            let gateways = try await next.resources(in: try await stage.registry.state())
            #expect(gateways.map(\.name) == ["gw1", "gw2"])
            #expect(gateways.first?.role == .passive && gateways.first?.failures == 7)
            #expect(
                gateways.first?.held
                    == GatewayResource.HeldExport(
                        etag: "\"b\"", reason: "too much goes", decision: .rejected, since: now))
            #expect(gateways.last?.role == nil && gateways.last?.held == nil && gateways.last?.failures == nil)
        }
    }
}

/// Runs `body` with a poll that is being held on a connection of its own.
private func withHeldPoll(
    on stage: Stage, tag: String, wait: Int, _ body: (Task<TestClient.Response, any Error>) async throws -> Void
) async throws {
    let poll = Task {
        try await stage.withConnection { client in
            try await client.poll(ExportRouteTests.path, headers: [.ifNoneMatch: tag, .prefer: "wait=\(wait)"])
        }
    }
    while await stage.registry.exportChanges.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
    try await body(poll)
}
