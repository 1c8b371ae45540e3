import AdminAPI
import CommandLineSupport
import Names
import Testing

@testable import portcullis

@Suite("The health of services on the command line") struct ServiceHealthTests {
    private func service(_ index: Int, _ state: ServiceState = .ready, type: String = "pgw") -> ServiceResource {
        ServiceResource(
            name: "\(type).\(index)", type: type, index: index, server: "app\(index)", state: state, weight: nil)
    }

    private func gateway(
        _ name: String, isInForce: Bool = true, unknown: Int = 0, isCut: Bool = false
    ) -> HealthOverview.Gateway {
        .init(
            location: "tcn", name: name, isInForce: isInForce, isSilent: false, targets: 2, unknown: unknown,
            isCut: isCut)
    }

    private func health(
        _ gateways: [HealthOverview.Gateway], down: [(String, String)] = [], downCount: Int? = nil
    ) -> ServiceHealth {
        ServiceHealth(
            HealthOverview(
                sections: [.init(type: "pgw", section: "http")], gateways: gateways,
                down: down.map { service, gateway in
                    .init(
                        service: service, section: "http", location: "tcn", gateway: gateway,
                        target: "10.1.0.11:8080", since: "2026-11-29T01:00:00Z", reason: "connection refused")
                }, downCount: downCount ?? down.count))
    }

    @Test("down names the gateways that say so; up needs a gateway that has verdicts")
    func words() {
        let both = health(
            [gateway("gw1"), gateway("gw2")], down: [("pgw.1", "gw2"), ("pgw.1", "gw1"), ("pgw.2", "gw1")])
        #expect(both.text(of: service(1), at: "tcn") == "down (gw1, gw2)")
        #expect(both.text(of: service(2), at: "tcn") == "down (gw1)")
        let names = (1...6).map { "gw\($0)" }
        let many = health(names.map { gateway($0) }, down: names.map { ("pgw.1", $0) })
        #expect(many.text(of: service(1), at: "tcn") == "down (gw1, gw2, gw3, gw4 and 2 more)")
        #expect(both.text(of: service(3), at: "tcn") == "up")
        #expect(both.text(of: service(3), at: "hel") == "unknown")
        #expect(both.text(of: service(1, .maint), at: "tcn") == "-")
        #expect(both.text(of: service(1, type: "tg"), at: "tcn") == "-")
    }

    @Test("it is unknown where no gateway has verdicts in force, or a list was cut")
    func unknown() {
        for health in [
            health([]), health([gateway("gw1", isInForce: false)]), health([gateway("gw1", unknown: 2)]),
            health([gateway("gw1", isCut: true), gateway("gw2")]),
            health([gateway("gw1")], down: [("pgw.1", "gw1")], downCount: 2),
        ] {
            #expect(health.text(of: service(2), at: "tcn") == "unknown")
        }
        #expect(health([gateway("gw1", unknown: 1)]).text(of: service(2), at: "tcn") == "up")
    }

    @Test("a service shows each section at each gateway, and the last failure in words")
    func rows() {
        let health = health([gateway("gw1"), gateway("gw2", isInForce: false)], down: [("pgw.1", "gw1")])
        #expect(
            ServiceHealth.table(health.rows(of: service(1), at: "tcn")).text == """
                SECTION  GATEWAY  HEALTH   SINCE                 LAST FAILURE
                http     gw1      down     2026-11-29T01:00:00Z  connection refused (10.1.0.11:8080)
                http     gw2      unknown
                """)
        #expect(health.rows(of: service(1, type: "tg"), at: "tcn").isEmpty)
    }

    @Test("an older ADMIN leaves the column empty")
    func older() {
        let server = ServerResource(name: "app1", location: "tcn", kind: .app, addresses: ["10.1.0.11"])
        #expect(
            ResourceTables.services([service(1)], on: ["app1": server], health: nil, isWide: true).text == """
                SERVICE  SERVER  LOCATION  STATE  WEIGHT  HEALTH  KIND  ADDRESSES
                pgw.1    app1    tcn       ready       -          app   10.1.0.11
                """)
    }

    @Test("gateways have a note where verdicts do not count or weights hold")
    func notes() {
        var holding = gateway("gw1")
        (holding.holdsUntil, holding.downCount) = ("2026-11-29T01:00:00Z", 2)
        #expect(
            holding.note
                == "weights hold at gw1 of tcn until 2026-11-29T01:00:00Z: too many servers failed at once, 2 are down")
        #expect(
            gateway("gw2", isInForce: false).note
                == "verdicts of gw2 of tcn do not count: no prober; servers count as ADMIN says")
        #expect(gateway("gw3").note == nil)
    }
}
