import GatewayDaemon
import GatewaySync
import NetworkTypes
import ServicesExport
import Testing

@Suite struct EphemeralPortsTests {
    static let values: [(String, String, [String]?)] = [
        ("32768\t60999\n", "\n", ["32768-60999"]),
        ("32768\t60999\n", "8080,40000-40009,60999\n", ["32768-39999", "40010-60998"]),
        ("1024 65535", "0,1-2000,3000-3000,65535", ["2001-2999", "3001-65534"]),
        ("40000\t40001", "0-65535", []),
        ("40000", "", nil),
        ("60999\t32768", "", nil),
        ("0\t9", "", nil),
        ("32768\t60999", "80-", nil),
        ("32768\t60999", "ports", nil),
        ("32768\t70000", "", nil),
        ("", "", nil),
    ]

    @Test("what is reserved is not given out", arguments: values)
    func reading(local: String, reserved: String, expected: [String]?) {
        #expect(EphemeralPorts(local: local, reserved: reserved)?.ranges.map(\.description) == expected)
    }

    private func conflicts(_ rows: String..., reserved: String = "") throws -> [EphemeralPorts.Conflict] {
        let text = ([ServicesCSV.Version.one.header] + rows).map { $0 + "\n" }.joined()
        let document = try ServicesDocument(parsing: Array(text.utf8))
        return try #require(EphemeralPorts(local: "32768 60999", reserved: reserved)).conflicts(with: document.groups)
    }

    @Test("exact ports within the range do harm, ranges under a mark do none, destination NAT is no matter")
    func kinds() throws {
        let found = try conflicts(
            "a.1,exact,tcp,ip,198.51.100.36,45000,,masq,wlc,0,,,10.1.0.11,80,1",
            "b.1,low,tcp,ip,198.51.100.36,443,,masq,wlc,0,,,10.1.0.11,443,1",
            "c.1,nat,udp,ip,198.51.100.36,50000,,dnat,wlc,0,,,10.1.0.11,53,1",
            "d.1,range,udp,ip,198.51.100.37,2000-33000 60000-65000,257,masq,wlc,0,,,10.1.0.11,,1",
            reserved: "60500-60600")
        #expect(
            found.map(\.description).sorted() == [
                "exact: tcp 45000 of 198.51.100.36", "range: udp 32768-33000 60000-60499 60601-60999 of 198.51.100.37",
            ])
        #expect(found.filter(\.isHarmful).map(\.section) == ["exact"])
    }

    @Test("a reserved port is no conflict")
    func reserved() throws {
        let row = "a.1,exact,tcp,ip,198.51.100.36,45000,,masq,wlc,0,,,10.1.0.11,80,1"
        #expect(try conflicts(row, reserved: "45000").isEmpty)
        #expect(try conflicts(row).count == 1)
    }
}
