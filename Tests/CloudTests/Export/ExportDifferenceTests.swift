import CloudTestSupport
import Names
import NetworkTypes
import ServicesExport
import TestSupport
import Testing

@testable import Cloud

@Suite struct ExportDifferenceTests {
    @Test("equal exports have none, in whatever order the rows come")
    func none() throws {
        let rows = try TestCloud.seed().exportRows(location: "tcn")
        #expect(ExportDifference(from: rows, to: rows.shuffled()).isEmpty)
    }

    @Test("maint removes an instance's rows, ready adds them")
    func removedAndAdded() throws {
        let before = try TestCloud.seed()
        var after = before
        after.services["tg.2"]?.state = .maint
        let out = difference(before, after)
        #expect(out.added.isEmpty && out.changed.isEmpty)
        #expect(out.removed.map(\.service) == ["tg.2", "tg.2", "tg.2", "tg.2"])
        let back = difference(after, before)
        #expect(back.added == out.removed)
        #expect(back.removed.isEmpty && back.changed.isEmpty)
    }

    @Test("a weight, a move to another server and a wider range change rows in their place")
    func changed() throws {
        let before = try TestCloud.seed()
        var after = before
        after.services["pgw.1"]?.weight = 50
        after.services["tg.2"]?.server = "app4"
        let difference = difference(before, after)
        #expect(difference.added.isEmpty && difference.removed.isEmpty)
        #expect(difference.changed.count == 8)
        #expect(
            difference.changed.first?.before.description
                == "pgw.1,http,tcp,www-ip,198.51.100.36,443,,masq,wlc,0,,,0,0,,0,,,,0,0,,,10.1.0.11,8443,100")
        #expect(
            difference.changed.first?.after.description
                == "pgw.1,http,tcp,www-ip,198.51.100.36,443,,masq,wlc,0,,,0,0,,0,,,,0,0,,,10.1.0.11,8443,50")
        #expect(difference.changed.last?.after.backendAddress.description == "fd00:1::14")
        var wider = before
        wider.types["tg"] = try TestCloud.type(
            "type: tg\ngateway:\n  - name: devices\n    address: tg-ip\n"
                + "    fwm: {ports: 20000-30999, protocols: [tcp, udp]}\n")
        #expect(self.difference(before, wider).changed.count == 8)
    }

    @Test("a difference turns one export into the other")
    func applies() throws {
        for seed in 0..<100 {
            var random = SeededGenerator(seed: UInt64(seed))
            let old = try RandomCloud.make(using: &random).exportRows(location: "l0")
            let new = try RandomCloud.make(using: &random).exportRows(location: "l0")
            let difference = ExportDifference(from: old, to: new)
            var rows = Set(old).subtracting(difference.removed).subtracting(difference.changed.map(\.before))
            rows.formUnion(difference.added)
            rows.formUnion(difference.changed.map(\.after))
            #expect(rows == Set(new))
        }
    }

    @Test("an egress rule is added, removed, and changed in its place, each family by itself")
    func egress() throws {
        let before = try TestCloud.seed().withEgress("out", from: ["10.1.0.0/16", "fd00:1::/64"])
        var after = before
        #expect(difference(before, after).isEmpty)
        after.addEgress("out", from: ["10.1.0.0/16", "10.2.0.0/16", "fd00:1::/64"])
        after.addEgress("a", from: ["10.3.0.0/16"])
        let changed = difference(before, after)
        #expect(changed.added.isEmpty && changed.removed.isEmpty && changed.changed.isEmpty && !changed.isEmpty)
        #expect(changed.egress.added.map(\.name) == ["a"] && changed.egress.removed.isEmpty)
        #expect(changed.egress.changed.map(\.before.description) == [before.egressRows(location: "tcn")[0].description])
        #expect(changed.egress.changed.map(\.after.sources.count) == [2])
        after.addEgress("out", from: ["fd00:1::/64"])
        #expect(difference(before, after).egress.removed.map(\.family) == [.ipv4])
    }

    private func difference(_ before: Cloud, _ after: Cloud) -> ExportDifference {
        ExportDifference(
            from: before.exportRows(location: "tcn"), to: after.exportRows(location: "tcn"),
            egress: before.egressRows(location: "tcn"), to: after.egressRows(location: "tcn"))
    }
}
