import AdminAPI
import Testing

@testable import portcullis

@Suite struct GatewaysTextTests {
    private static let current = "\"0123456789abcdef\""

    private func gateway(
        _ name: String, applied: String?, age: Double = 2.4, held: GatewayResource.HeldExport? = nil,
        failures: Int? = nil
    ) -> GatewayResource {
        GatewayResource(
            name: name, location: "tcn", role: .active, applied: applied, since: "2026-11-23T01:00:00Z",
            lastPoll: "2026-11-23T01:02:00Z", age: age, current: Self.current, inSync: applied == Self.current,
            held: held, failures: failures)
    }

    @Test("gateways say whether they have the current export, and what their kernels refused")
    func states() {
        let gateways = [
            gateway("gw1", applied: Self.current, failures: 0),
            gateway("gw2", applied: "\"fedcba9876543210\"", age: 300, failures: 12),
            gateway("gw3", applied: nil, age: 90_000),
        ]
        #expect(
            GatewaysText.text(gateways) == """
                GATEWAY  LOCATION  ROLE    EXPORT       APPLIED       SINCE                 FAILURES  LAST POLL
                gw1      tcn       active  in sync      0123456789ab  2026-11-23T01:00:00Z         0    2 s ago
                gw2      tcn       active  behind       fedcba987654  2026-11-23T01:00:00Z        12  5 min ago
                gw3      tcn       active  not applied                2026-11-23T01:00:00Z         -   25 h ago
                """)
    }

    @Test("an export that is held back is seen at a glance, with the reason and what to do below the table")
    func heldBack() {
        func held(_ decision: GatewayResource.HeldExport.Decision, _ reason: String?) -> GatewayResource.HeldExport {
            .init(etag: Self.current, reason: reason, decision: decision, since: "2026-11-23T01:01:00Z")
        }
        let old = "\"fedcba9876543210\""
        let gateways = [
            gateway("gw1", applied: old, held: held(.pending, "12 of 20 virtual services would go"), failures: 0),
            gateway("gw2", applied: old, held: held(.rejected, nil), failures: 0),
        ]
        #expect(
            GatewaysText.text(gateways) == """
                GATEWAY  LOCATION  ROLE    EXPORT     APPLIED       SINCE                 FAILURES  LAST POLL
                gw1      tcn       active  HELD BACK  fedcba987654  2026-11-23T01:00:00Z         0    2 s ago
                gw2      tcn       active  REJECTED   fedcba987654  2026-11-23T01:00:00Z         0    2 s ago

                gw1 of tcn holds back 0123456789ab since 2026-11-23T01:01:00Z: 12 of 20 virtual services would go
                  on it, portcullis-gateway accept 0123456789ab lets that export through
                gw2 of tcn has rejected 0123456789ab since 2026-11-23T01:01:00Z
                """)
    }

    @Test("a gateway that reads no version of its export is seen at a glance, though it has what it had")
    func cannotRead() {
        var old = gateway("gw1", applied: Self.current, failures: 0)
        old.inSync = false
        old.neededVersion = 2
        #expect(
            GatewaysText.text([old]) == """
                GATEWAY  LOCATION  ROLE    EXPORT           APPLIED       SINCE                 FAILURES  LAST POLL
                gw1      tcn       active  NEEDS VERSION 2  0123456789ab  2026-11-23T01:00:00Z         0    2 s ago

                gw1 of tcn reads version 1 of the export, which needs version 2: it stays with what it has until it is upgraded
                """)
    }

    @Test("what a gateway says cannot play with the terminal")
    func controlCharacters() {
        let held = GatewayResource.HeldExport(
            etag: "\"a\"", reason: "\u{1B}[2J", decision: .rejected, since: "2026-11-23T01:01:00Z")
        #expect(GatewaysText.text([gateway("gw1", applied: nil, held: held)]).hasSuffix(#": \u{1B}[2J"#))
    }
}
