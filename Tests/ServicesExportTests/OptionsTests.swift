import HealthChecks
import NetworkTypes
import ServicesExport
import Testing

@Suite("Options of a connection") struct OptionsTests {
    private static let prefix = "pgw.1,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,300,,,"
    private static let suffix = ",10.1.0.11,8080,100"

    private func line(_ cells: String) -> String { Self.prefix + cells + Self.suffix }

    @Test("every option is read as it is written")
    func all() throws {
        let line = line(
            "500,1000,rate=100/s burst=200 connections=50 prefix=24,0,24,10.1.0.0/16,"
                + "http path=/health port=8081,30,2,10.1.0.9:80,")
        let row = try #require(try parse(file(line)).rows.first)
        let options = row.options
        #expect(row.description == line)
        #expect(options.maximumConnections == 500 && options.maximumRate == 1_000)
        #expect(
            options.limit == SourceLimit(rate: .init(count: 100, per: .second), burst: 200, connections: 50, prefix: 24)
        )
        #expect(options.persistenceMask == 24 && options.hairpin.map(\.description) == ["10.1.0.0/16"])
        #expect(options.check == HealthCheck(.http(.init(path: "/health")), port: 8_081))
        #expect(options.slowStart == 30 && options.minimum == 2)
        #expect(options.sorry?.description == "10.1.0.9:80")
        #expect(row.minimumVersion == .two)
    }

    @Test("health is harmless to leave out of version 1, limits are not")
    func versions() {
        let health = ConnectionOptions(check: HealthCheck(.tcp), slowStart: 10, minimum: 1)
        #expect(health.minimumVersion == .one)
        for options in [
            ConnectionOptions(maximumConnections: 1), ConnectionOptions(maximumRate: 1),
            ConnectionOptions(limit: SourceLimit(rate: nil, connections: 1)), ConnectionOptions(isOnePacket: true),
            ConnectionOptions(persistenceMask: 24),
        ] { #expect(options.minimumVersion == .two) }
    }

    @Test(
        "what an option cannot be is told at its cell",
        arguments: [
            ("0,0,rate=0/s,0,,,,0,0,,", "limit"), ("0,0,rate=100/s burst=100,0,,,,0,0,,", "limit"),
            ("0,0,burst=100,0,,,,0,0,,", "limit"), ("0,0,connections=5 prefix=33,0,,,,0,0,,", "limit"),
            ("0,1000001,,0,,,,0,0,,", "max_rate"), ("0,0,,1,,,,0,0,,", "one_packet"), ("0,0,,2,,,,0,0,,", "one_packet"),
            ("0,0,,0,33,,,0,0,,", "persistence_mask"), ("0,0,,0,,10.1.0.1/16,,0,0,,", "hairpin"),
            ("0,0,,0,,,tcq,0,0,,", "check"), ("0,0,,0,,,tcp port=0,0,0,,", "check"), ("0,0,,0,,,,5,0,,", "slow_start"),
            ("0,0,,0,,,,0,1,,", "minimum"), ("0,0,,0,,,,0,0,10.1.0.9,", "sorry"),
            ("0,0,,0,,,,0,0,[fd00::9]:80,", "sorry"),
            ("0,0,,0,,,,0,0,127.0.0.1:80,", "sorry"), ("0,0,,0,,,,0,0,,10.0.0.0/8", "except"),
        ])
    func refused(cells: String, column: String) {
        let error = #expect(throws: ServicesCSVError.self) { try parse(file(line(cells))) }
        #expect(error?.cell?.name == column, "\(error?.description ?? "")")
    }

    @Test("under a mark a check needs a port, unless it is of the machine")
    func mark() throws {
        let line = Line.two(Line.markTCP)
        func checked(_ check: String) -> String {
            line.replacing(",0,0,,0,,,,0,0,,,", with: ",0,0,,0,,,\(check),0,0,,,")
        }
        #expect(throws: ServicesCSVError.self) { try parse(file(checked("tcp"))) }
        #expect(try parse(file(checked("ping"))).rows.count == 1)
        #expect(try parse(file(checked("tcp port=20000"))).rows.count == 1)
    }
}

@Suite("Egress in the export") struct EgressRowTests {
    static let out =
        "egress,out,any,out-ip,198.51.100.40 198.51.100.41,,,snat,,,,10.1.0.0/16,,,,,,,,,,,10.0.0.0/8,,,"

    @Test("a row of method snat is a rule and no connection")
    func rule() throws {
        let bytes = file(Self.out, Line.two(Line.web1))
        let document = try parse(bytes)
        #expect(document.groups.count == 1 && document.rowCount == 2)
        let rule = try #require(document.egress.first)
        #expect(rule.name == "out" && rule.addresses.count == 2 && rule.description == Self.out)
        #expect(ServicesCSV.write(document.rows, egress: document.egress) == bytes)
    }

    @Test("a rule comes, changes and goes without touching the connections")
    func changes() throws {
        let without = try parse(file(Line.two(Line.web1)))
        let (with, added) = try without.updated(with: file(Self.out, Line.two(Line.web1)))
        #expect(added.added.isEmpty && added.removed.isEmpty && added.egress?.count == 1)
        #expect(try with.updated(with: with.bytes).changes.isEmpty)
        let (_, removed) = try with.updated(with: without.bytes)
        #expect(removed.egress == [] && removed.removed.isEmpty)
    }

    @Test("an inside network leaves by one rule, and other cells are empty")
    func refused() {
        let other = Self.out.replacing(",out,any", with: ",inner,any").replacing("10.1.0.0/16", with: "10.1.2.0/24")
        #expect(throws: ServicesCSVError.self) { try parse(file(Self.out, other)) }
        #expect(throws: ServicesCSVError.self) { try parse(file(Self.out.replacing("snat,,", with: "snat,wlc,"))) }
        #expect(throws: ServicesCSVError.self) { try parse(file(Self.out.replacing("10.1.0.0/16", with: ""))) }
        #expect(throws: ServicesCSVError.self) { try parse(file(Self.out.replacing("egress,", with: "pgw.1,"))) }
    }
}
