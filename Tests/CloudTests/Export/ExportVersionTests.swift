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

    @Test(
        "health is left out of an old export; limits refuse the change where they are served, by family",
        arguments: [
            ("check: tcp, slow-start: 30s, minimum: 1, sorry: 10.9.0.9", 0), ("max-rate: 5", 1), ("limit: 5/s", 1),
            ("hairpin: 10.0.0.0/8", 1), ("persistence: 5, persistence-mask: 24", 1),
            ("protocol: udp, one-packet: true", 1),
            // Only for addresses of a family that no pool has.
            ("hairpin: fd00::/8, from: [203.0.113.0/24, fd00::/8]", 1), ("hairpin: 10.0.0.0/8, from: [10.0.0.0/8]", 1),
        ])
    func options(keys: String, count: Int) throws {
        let before = try TestCloud.seed()
        var cloud = before
        cloud.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, \(keys)}\n")
        #expect(cloud.unreadableSections(for: [old], since: before).count == count, "\(keys)")
        // The location hel has IPv6 only.
        let readers = [ExportReader(location: "hel", gateway: "gw9", version: .one)]
        let isIPv4Only = keys.contains("10.0.0.0/8") || keys.contains("mask: 24")
        #expect(cloud.unreadableSections(for: readers, since: before).count == (isIPv4Only ? 0 : count), "\(keys)")
    }

    @Test("dnat has no limit of connections")
    func dnat() throws {
        let text =
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: 80, method: dnat, max-connections: 5}\n"
        #expect((try? TestCloud.type(text)) == nil)
    }
}
