import NetworkTypes
import ServicesExport
import Testing

@testable import Cloud

@Suite("Egress rules in the export") struct EgressRowTests {
    @Test("a rule has a row for each family of its networks, with the pool's addresses of that family")
    func rows() throws {
        var cloud = try TestCloud.seed().withEgress(
            "out", from: ["fd00:1::/64", "10.2.0.0/16", "10.1.0.0/16"],
            except: ["10.0.0.0/8", "10.3.0.0/16", "192.0.2.0/24"])
        cloud.addEgress("a", pool: "tg-ip", from: ["10.9.0.0/16"])
        #expect(
            cloud.egressRows(location: "tcn").map(\.description) == [
                "egress,a,any,tg-ip,198.51.100.37 198.51.100.38,,,snat,,,,10.9.0.0/16,,,,,,,,,,,,,,",
                "egress,out,any,out-ip,198.51.100.40 198.51.100.41,,,snat,,,,10.1.0.0/16 10.2.0.0/16,,,,,,,,,,,"
                    + "10.0.0.0/8 192.0.2.0/24,,,",
                "egress,out,any,out-ip,2001:db8:0:1::40,,,snat,,,,fd00:1::/64,,,,,,,,,,,,,,",
            ])
        #expect(cloud.egressRows(location: "hel").isEmpty && cloud.egressRows(location: "ams").isEmpty)
    }

    @Test("a gateway that reads version 1 only stands in the way of each new rule of its location, by both names")
    func versions() throws {
        let before = try TestCloud.seed().withEgress("old", from: ["10.1.0.0/16"])
        var cloud = before
        cloud.addEgress("new", from: ["10.2.0.0/16", "fd00:1::/64"])
        cloud.addEgress("old", from: ["10.3.0.0/16"])
        let readers = [
            ExportReader(location: "tcn", gateway: "gw1", version: .one),
            ExportReader(location: "tcn", gateway: "gw2", version: .two),
            ExportReader(location: "hel", gateway: "gw3", version: .one),
        ]
        let found = cloud.unreadableEgress(for: readers, since: before)
        #expect(
            found.map(\.message) == [
                "the egress rule new needs version 2 of the export, and the gateway gw1 of tcn reads version 1 only: "
                    + "upgrade it, or forget it if it is gone"
            ])
        #expect(found.first?.subjects == [.egress(.init(location: "tcn", name: "new"))])
        #expect(cloud.unreadableEgress(for: [], since: before).isEmpty)
        #expect(before.unreadableEgress(for: readers, since: cloud).isEmpty)
    }

    @Test("a change of a rule or of its pool concerns the export of their location alone")
    func locations() throws {
        let before = try TestCloud.seed().withEgress("out", from: ["10.1.0.0/16"])
        var after = before
        after.addEgress("out", from: ["10.1.0.0/16"], except: ["192.0.2.0/24"])
        let difference = CloudDifference(from: before, to: after)
        #expect(
            difference.changes == [
                .init(
                    action: .update, kind: .egress, name: "tcn/out", before: "from 10.1.0.0/16 by out-ip",
                    after: "from 10.1.0.0/16 by out-ip, except 192.0.2.0/24")
            ])
        #expect(difference.locations(from: before, to: after) == ["tcn"])
    }
}
