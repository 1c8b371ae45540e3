import CloudTestSupport
import Names
import NetworkTypes
import ServicesExport
import TestSupport
import Testing

@testable import Cloud

@Suite struct ExportRowsTests {
    @Test("the seed's cloud, line by line")
    func seed() throws {
        #expect(
            try lines(TestCloud.seed(), "tcn") == [
                "pgw.1,http,tcp,www-ip,198.51.100.36,443,,masq,wlc,0,,,10.1.0.11,8443,100",
                "pgw.1,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.11,8080,100",
                "pgw.1,http,tcp,www-ip,2001:db8:0:1::36,443,,masq,wlc,0,,,fd00:1::11,8443,100",
                "pgw.1,http,tcp,www-ip,2001:db8:0:1::36,80,,masq,wlc,0,,,fd00:1::11,8080,100",
                "pgw.2,http,tcp,www-ip,198.51.100.36,443,,masq,wlc,0,,,10.1.0.12,8443,100",
                "pgw.2,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.12,8080,100",
                "pgw.2,http,tcp,www-ip,2001:db8:0:1::36,443,,masq,wlc,0,,,fd00:1::12,8443,100",
                "pgw.2,http,tcp,www-ip,2001:db8:0:1::36,80,,masq,wlc,0,,,fd00:1::12,8080,100",
                "tg.1,devices,tcp,tg-ip,198.51.100.37 198.51.100.38,20000-29999,256,masq,wlc,0,900,,10.1.0.12,,100",
                "tg.1,devices,tcp,tg-ip,2001:db8:0:1::37,20000-29999,256,masq,wlc,0,900,,fd00:1::12,,100",
                "tg.1,devices,udp,tg-ip,198.51.100.37 198.51.100.38,20000-29999,257,masq,wlc,0,900,,10.1.0.12,,100",
                "tg.1,devices,udp,tg-ip,2001:db8:0:1::37,20000-29999,257,masq,wlc,0,900,,fd00:1::12,,100",
                "tg.2,devices,tcp,tg-ip,198.51.100.37 198.51.100.38,20000-29999,256,masq,wlc,0,900,,10.1.0.13,,100",
                "tg.2,devices,tcp,tg-ip,2001:db8:0:1::37,20000-29999,256,masq,wlc,0,900,,fd00:1::13,,100",
                "tg.2,devices,udp,tg-ip,198.51.100.37 198.51.100.38,20000-29999,257,masq,wlc,0,900,,10.1.0.13,,100",
                "tg.2,devices,udp,tg-ip,2001:db8:0:1::37,20000-29999,257,masq,wlc,0,900,,fd00:1::13,,100",
            ])
        #expect(
            try lines(TestCloud.seed(), "hel") == [
                "pgw.3,http,tcp,www-ip,2001:db8:0:2::36,443,,masq,wlc,0,,,fd00:2::11,8443,100",
                "pgw.3,http,tcp,www-ip,2001:db8:0:2::36,80,,masq,wlc,0,,,fd00:2::11,8080,100",
            ])
        #expect(try lines(TestCloud.seed(), "nowhere").isEmpty)
    }

    @Test("a draining instance has weight 0, one in maint no row, a ready one its own weight")
    func states() throws {
        var cloud = try TestCloud.seed()
        cloud.services["pgw.1"]?.state = .drain
        cloud.services["pgw.1"]?.weight = 50
        cloud.services["pgw.2"]?.weight = 7
        cloud.services["tg.1"]?.state = .maint
        let rows = cloud.exportRows(location: "tcn")
        #expect(Set(rows.filter { $0.service == "pgw.1" }.map(\.weight)) == [0])
        #expect(Set(rows.filter { $0.service == "pgw.2" }.map(\.weight)) == [7])
        #expect(!rows.contains { $0.service == "tg.1" })
    }

    @Test("dnat goes to the ready instance of the lowest index, those in drain keep what they have")
    func dnat() throws {
        var cloud = try TestCloud.seed()
        cloud.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: {80: 8080}, method: dnat}\n")
        func weights() -> [String: Int] {
            Dictionary(
                cloud.exportRows(location: "tcn").filter { $0.method == .dnat }.map { ($0.service, $0.weight) }
            ) { $1 }
        }
        #expect(weights() == ["pgw.1": 100])
        cloud.services["pgw.1"]?.state = .drain
        #expect(weights() == ["pgw.1": 0, "pgw.2": 100])
        cloud.services["pgw.2"]?.state = .maint
        #expect(weights() == ["pgw.1": 0])
        cloud.services["pgw.1"]?.state = .maint
        #expect(weights().isEmpty)
    }

    @Test("a section for IPv4 sources only is not open to everybody over IPv6")
    func sourcesOfOneFamily() throws {
        var cloud = try TestCloud.seed()
        cloud.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: [80], from: [203.0.113.0/24]}\n")
        let rows = cloud.exportRows(location: "tcn").filter { $0.section == "http" }
        #expect(rows.allSatisfy { $0.addresses.allSatisfy { $0.family == .ipv4 } })
        #expect(rows.allSatisfy { $0.sources.map(\.description) == ["203.0.113.0/24"] })
        #expect(rows.count == 2)
        #expect(cloud.exportRows(location: "hel").isEmpty)
    }

    @Test("a tunnel reaches servers of the other family when it must")
    func tunnel() throws {
        var cloud = try TestCloud.seed()
        cloud.types["pgw"] = try TestCloud.type(
            "type: pgw\ngateway:\n  - {name: http, address: www-ip, ports: [80], method: tunnel}\n")
        cloud.servers["app1"]?.addresses = TestCloud.addresses(["fd00:1::11"])
        cloud.services = cloud.services.filter { $0.key == "pgw.1" }
        #expect(
            lines(cloud, "tcn") == [
                "pgw.1,http,tcp,www-ip,198.51.100.36,80,,tunnel,wlc,0,,,fd00:1::11,80,100",
                "pgw.1,http,tcp,www-ip,2001:db8:0:1::36,80,,tunnel,wlc,0,,,fd00:1::11,80,100",
            ])
    }

    @Test("whatever cloud is free of contradictions, its export is valid and the same however it was built")
    func validForAll() throws {
        var (exported, rules) = (0, 0)
        for seed in 0..<300 {
            var random = SeededGenerator(seed: UInt64(seed))
            var cloud = try RandomCloud.make(using: &random)
            cloud.marks = try cloud.allocatingMarks()
            guard cloud.contradictions().isEmpty else { continue }
            for location in cloud.locations.keys {
                let rows = cloud.exportRows(location: location)
                let egress = cloud.egressRows(location: location)
                let bytes = ServicesCSV.write(rows, egress: egress)
                let document = try ServicesDocument(parsing: bytes)
                #expect(document.rowCount == rows.count + egress.count)
                #expect(Set(document.rows) == Set(rows))
                #expect(document.egress == egress)
                #expect(
                    ServicesCSV.write(
                        rows.shuffled(using: &random), egress: egress.shuffled(using: &random)) == bytes)
                exported += rows.count
                rules += egress.count
            }
        }
        #expect(exported > 500 && rules > 100, "\(exported) \(rules)")
    }

    private func lines(_ cloud: Cloud, _ location: String) -> [String] {
        String(decoding: ServicesCSV.write(cloud.exportRows(location: location), .one), as: UTF8.self)
            .split(separator: "\n").dropFirst().map(String.init)
    }
}
