import ServicesExport
import TestSupport
import Testing

@testable import Cloud

@Suite("Gateways that read an older version of the export") struct ExportVersionTests {
    private func limited(_ sections: String = "") throws -> ServiceType {
        try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, max-connections: 500}\n\(sections)"
        )
    }

    private let old = ExportReader(location: "tcn", gateway: "gw1", version: .one)

    @Test("a limit of connections goes into each row of its section")
    func rows() throws {
        var cloud = try TestCloud.seed()
        cloud.types["pgw"] = try limited()
        let rows = cloud.exportRows(location: "tcn").filter { $0.service == "pgw.1" }
        #expect(!rows.isEmpty && rows.allSatisfy { $0.options.maximumConnections == 500 && $0.minimumVersion == .two })
    }

    @Test(
        "a section that an old gateway of its location cannot read is named with the gateway, and only where it is new")
    func unreadable() throws {
        let before = try TestCloud.seed()
        var cloud = before
        cloud.types["pgw"] = try limited()
        let found = cloud.unreadableSections(for: [old], since: before)
        #expect(
            found.map(\.description) == [
                "pgw.yaml:3:5: pgw/http needs version 2 of the export, and the gateway gw1 of tcn reads version 1 only: "
                    + "upgrade it, or forget it if it is gone"
            ])
        // No gateway, one that reads it, one elsewhere.
        #expect(cloud.unreadableSections(for: [], since: before).isEmpty)
        #expect(
            cloud.unreadableSections(for: [.init(location: "tcn", gateway: "gw1", version: .two)], since: before)
                .isEmpty)
        #expect(
            cloud.unreadableSections(for: [.init(location: "ams", gateway: "gw1", version: .one)], since: before)
                .isEmpty)
        // What was there before the old gateway came is in nobody's way.
        #expect(cloud.unreadableSections(for: [old], since: cloud).isEmpty)
        // The type at a new location.
        var moved = cloud
        for name in ["pgw.1", "pgw.2"] { moved.services[name] = nil }
        #expect(moved.unreadableSections(for: [old], since: before).isEmpty)
        #expect(cloud.unreadableSections(for: [old], since: moved).count == 1)
    }

    @Test("dnat has no limit of connections")
    func dnat() throws {
        let text =
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: 80, method: dnat, max-connections: 5}\n"
        #expect((try? TestCloud.type(text)) == nil)
    }
}
