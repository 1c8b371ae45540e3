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

    @Test("an export of another version is refused")
    func otherColumns() {
        let error = #expect(throws: CommandError.self) { try ExportLine.lines(of: Array("service,port\n".utf8)) }
        #expect(error?.message == "the export has other columns than this command knows")
    }
}
