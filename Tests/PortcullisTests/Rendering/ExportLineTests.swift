import JSON
import ServicesExport
import Testing

@testable import portcullis

@Suite struct ExportLineTests {
    private let line =
        "tg.1,devices,tcp,tg-ip,198.51.100.37 198.51.100.38,20000-29999,257,masq,mh,300,900,,10.1.0.12,,100"

    @Test("a row as JSON has numbers, lists and null")
    func json() throws {
        let rows = try ExportLine.lines(of: Array("\(ServicesCSV.Version.one.header)\n\(line)\n".utf8))
        #expect(
            JSONText.line(.array(rows.map(\.json))) == """
                [{"address_name":"tg-ip","addresses":["198.51.100.37","198.51.100.38"],"backend_address":"10.1.0.12",\
                "backend_port":null,"drain_time":900,"fwmark":257,"method":"masq","persistence":300,"ports":["20000-29999"],\
                "protocol":"tcp","scheduler":"mh","section":"devices","service":"tg.1","sources":[],"weight":100}]
                """)
    }

    @Test("a row of version 2 has what version 2 added, also in what a row's treatment says")
    func versionTwo() throws {
        let line = "pgw.1,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,5000,0,,0,,,,0,0,,,10.1.0.11,8080,100"
        let rows = try ExportLine.lines(of: Array("\(ServicesCSV.Version.two.header)\n\(line)\n".utf8))
        #expect(JSONText.line(.array(rows.map(\.json))).contains(#""max_connections":5000,"#))
        #expect(rows.first?.treatment == "masq wlc max-connections 5000")
        let before = try #require(ExportLine(line.replacing(",5000,", with: ",0,")))
        #expect(before.treatment == "masq wlc")
        #expect(try before.differences(to: #require(rows.first)) == ["max_connections 0 → 5000"])
        // A line of version 1 under the header of version 2.
        let mixed = "\(ServicesCSV.Version.two.header)\n\(self.line)\n"
        #expect(throws: CommandError.self) { try ExportLine.lines(of: Array(mixed.utf8)) }
    }

    @Test("an egress rule is shown with the addresses outside, the networks inside, and no weight")
    func egress() throws {
        let line = "egress,out,any,out-ip,198.51.100.40 198.51.100.41,,,snat,,,,10.1.0.0/16 10.2.0.0/16,,,,,,,,,,,"
        let row = try #require(ExportLine(line + "10.0.0.0/8 192.0.2.0/24,,,"))
        #expect(row.external == "198.51.100.40,198.51.100.41" && row.backend == "10.1.0.0/16,10.2.0.0/16")
        #expect(row.details == "snat except 10.0.0.0/8,192.0.2.0/24" && row.weight.isEmpty)
        let plain = try #require(ExportLine(line + ",,,"))
        #expect(plain.details == "snat")
        #expect(plain.differences(to: row) == ["except none → 10.0.0.0/8 192.0.2.0/24"])
        #expect(JSONText.line(row.json).contains(#""except":["10.0.0.0/8","192.0.2.0/24"]"#))
    }

    @Test("an export of another version is refused")
    func otherColumns() {
        let error = #expect(throws: CommandError.self) { try ExportLine.lines(of: Array("service,port\n".utf8)) }
        #expect(error?.message == "the export has other columns than this command knows")
    }
}
