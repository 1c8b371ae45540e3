import AdminAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Registry
import RegistryTestSupport
import Testing

@testable import Admin

@Suite("Forgetting a gateway") struct ForgetGatewayTests {
    private func poll(_ stage: Stage, _ name: String) async throws {
        let response = try await stage.get(ExportRouteTests.path, headers: [.portcullisGateway: name])
        #expect(response.status == .ok)
    }

    @Test("a dead gateway ages however the clock is set, over a restart of ADMIN too")
    func clock() async throws {
        try await Stage.run { stage in
            func age(_ gateways: GatewayRoster) async throws -> Double? {
                try await gateways.resources(in: try await stage.registry.state()).first?.age
            }
            try await stage.seed()
            try await poll(stage, "gw1")
            stage.clock.set(by: -3_600)
            stage.clock.advance(by: 600)
            #expect(try await age(stage.gateways) == 600)
            stage.clock.set(by: 7_200)
            #expect(try await age(stage.gateways) == 600)
            stage.clock.set(by: -7_200)
            await stage.gateways.flush()
            let restarted = GatewayRoster(registry: stage.registry, logger: Stage.logger)
            // Its last poll is in the future: it ages from the start on.
            #expect(try await age(restarted) == 0)
            stage.clock.advance(by: 60)
            #expect(try await age(restarted) == 60)
            stage.clock.set(by: 3_600)
            let later = GatewayRoster(registry: stage.registry, logger: Stage.logger)
            #expect(try await age(later) == 660)
        }
    }

    @Test("a gateway that is no more is forgotten for good, with an event; one that polls is back")
    func forget() async throws {
        try await Stage.run { stage in
            try await stage.seed()
            try await poll(stage, "gw1")
            try await poll(stage, "gw2")
            await stage.gateways.flush()
            let expected = ChangeReport(
                changes: [.init(action: .delete, kind: .gateway, name: "tcn/gw1")], export: [])
            #expect(try await stage.send(.delete, "/v1/gateways/tcn/gw1?dry_run=true").report == expected)
            #expect(try await stage.read([GatewayResource].self, "/v1/gateways").map(\.name) == ["gw1", "gw2"])
            #expect(try await stage.send(.delete, "/v1/gateways/tcn/gw1").report == expected)
            #expect(try await stage.read([GatewayResource].self, "/v1/gateways").map(\.name) == ["gw2"])
            #expect(try await stage.send(.delete, "/v1/gateways/tcn/gw1").status == .notFound)
            #expect(try await stage.send(.delete, "/v1/gateways/hel/gw2").status == .notFound)
            let event = try await stage.read(EventPage.self, "/v1/events?limit=1000").events.last
            #expect(event?.kind == .gateway && event?.name == "tcn/gw1" && event?.actor == "anonymous")

            await stage.gateways.flush()
            let restarted = GatewayRoster(registry: stage.registry, logger: Stage.logger)
            #expect(try await restarted.resources(in: try await stage.registry.state()).map(\.name) == ["gw2"])
            try await poll(stage, "gw1")
            #expect(try await stage.read([GatewayResource].self, "/v1/gateways").map(\.name) == ["gw1", "gw2"])
        }
    }
}
