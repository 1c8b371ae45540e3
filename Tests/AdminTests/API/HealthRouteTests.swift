import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing
import Text

@testable import Admin

@Suite("The health of real servers over HTTP") struct HealthRouteTests {
    private static let checked = """
        type: pgw
        gateway:
          - name: http
            address: www-ip
            ports: {80: 8080, 443: 8443}
            protocol: tcp
            check: tcp

        """

    private func seed(_ stage: Stage) async throws {
        try await stage.seed()
        let answer = try await stage.send(
            .put, "/v1/types/pgw", Self.checked, type: "application/yaml")
        #expect(answer.problem == nil, "\(answer.text)")
        for name in ["gw1", "gw2"] {
            #expect(try await stage.get(ExportRouteTests.path, headers: [.portcullisGateway: name]).status == .ok)
        }
    }

    private func report(
        _ stage: Stage, _ gateway: String, sequence: Int = 1, down: [String], isInForce: Bool = true
    ) async throws {
        let health = GatewayReport.Health(
            isInForce: isInForce, targets: 2, unknown: 0,
            down: down.reduce(into: [:]) {
                $0[ExactText($1)] = .init(
                    target: "10.1.0.11:8080", since: "2026-11-29T01:00:00Z", reason: "connection refused")
            }, downCount: down.count, downInstances: down.count)
        let message = GatewayReportMessage(
            session: "a", sequence: sequence,
            report: GatewayReport(program: "1.0", state: .synchronized, health: health))
        let answer = try await stage.send(
            .post, "/v1/gateways/tcn/\(gateway)/report", String(decoding: message.jsonBytes, as: UTF8.self))
        #expect(answer.status == .ok, "\(answer.text)")
    }

    private func health(_ stage: Stage, _ query: String = "") async throws -> HealthOverview {
        try await stage.read(HealthOverview.self, "/v1/health\(query)")
    }

    @Test("it has what is checked, each gateway, and who is down, sorted and filtered")
    func overview() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            try await report(stage, "gw1", down: ["pgw.2/http", "pgw.1/http", "gone.1/http"])
            var health = try await health(stage)
            #expect(health.sections == [.init(type: "pgw", section: "http")])
            #expect(health.gateways.map(\.name) == ["gw1", "gw2"])
            #expect(health.gateways[0].isInForce && health.gateways[0].targets == 2 && !health.gateways[0].isSilent)
            #expect(!health.gateways[1].isInForce && health.gateways[1].isSilent)
            #expect(health.down.map(\.service) == ["pgw.1", "pgw.2"] && health.downCount == 2)
            #expect(health.down[0].reason == "connection refused" && health.down[0].gateway == "gw1")
            try await report(stage, "gw2", down: ["pgw.1/http"])
            health = try await self.health(stage, "?service=pgw.1")
            #expect(health.down.map(\.gateway) == ["gw1", "gw2"])
            health = try await self.health(stage, "?type=tg")
            #expect(health.down.isEmpty && health.sections.isEmpty && health.gateways.count == 2)
            #expect(try await self.health(stage, "?location=hel").gateways.isEmpty)
            #expect(try await stage.get("/v1/health?color=red").problem?.status == 400)
        }
    }

    @Test("a gateway whose verdicts do not count, or that is silent, has no instances that are down")
    func trust() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            try await report(stage, "gw1", down: ["pgw.1/http"])
            try await report(stage, "gw2", down: ["pgw.1/http"], isInForce: false)
            #expect(try await health(stage).down.map(\.gateway) == ["gw1"])
            stage.clock.advance(by: 200)
            let health = try await health(stage)
            #expect(health.down.isEmpty && health.gateways.allSatisfy { $0.isSilent && !$0.isInForce })
            #expect(health.gateways.allSatisfy { $0.reportedAt != nil })
        }
    }

    @Test("a verdict changes neither a service nor its ETag, and becomes an event")
    func events() async throws {
        try await Stage.run { stage in
            try await seed(stage)
            try await report(stage, "gw1", down: [])
            let before = try await stage.get("/v1/services/pgw.1")
            let list = try await stage.get("/v1/services")
            try await report(stage, "gw1", sequence: 2, down: ["pgw.1/http"])
            await stage.gateways.flushEvents()
            #expect(try await stage.get("/v1/services/pgw.1").headers[.eTag] == before.headers[.eTag])
            #expect(try await stage.get("/v1/services").headers[.eTag] == list.headers[.eTag])
            let events = try await stage.read(EventPage.self, "/v1/events?kind=health&name=pgw.1").events
            #expect(events.map(\.after) == ["pgw.1/http is down at gw1: connection refused (10.1.0.11:8080)"])
        }
    }
}
