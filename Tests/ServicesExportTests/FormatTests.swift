import NetworkTypes
import ServicesExport
import Testing

@Suite struct FormatTests {
    @Test("rows are written sorted by the bytes of their lines, whatever order they come in")
    func order() throws {
        let rows = try parse(file(Line.all)).rows
        #expect(rows.map(\.description) == Line.all.map { Line.two($0) })
        #expect(ServicesCSV.write(rows.reversed()) == ServicesCSV.write(rows))
        #expect(ServicesCSV.write(rows.shuffled()) == ServicesCSV.write(rows))
    }

    @Test("an export without rows is its header", arguments: ServicesCSV.Version.allCases)
    func empty(version: ServicesCSV.Version) throws {
        let bytes = ServicesCSV.write([], version)
        #expect(String(decoding: bytes, as: UTF8.self) == version.header + "\n")
        #expect(try parse(bytes).rowCount == 0)
    }

    @Test("a line that is the beginning of another comes first")
    func prefixOrder() throws {
        let rows = try [file(Line.web1), file(Line.web1 + "0")].flatMap { try parse($0).rows }
        let text = String(decoding: ServicesCSV.write(rows.reversed(), .one), as: UTF8.self)
        #expect(text == [ServicesCSV.Version.one.header, Line.web1, Line.web1 + "0", ""].joined(separator: "\n"))
    }

    @Test("what is written reads as what it was", arguments: Line.all)
    func roundTrip(line: String) throws {
        let row = try #require(try parse(file(line)).rows.first)
        #expect(row.description == Line.two(line))
        #expect(ServicesCSV.write([row], .one) == file(line))
        #expect(ServicesCSV.write([row], .two) == file(Line.two(line)))
        #expect(try parse(file(Line.two(line))).rows == [row])
    }

    @Test("every column is typed")
    func columns() throws {
        let row = try #require(try parse(file(Line.markUDP)).rows.first)
        #expect(
            row
                == ExportRow(
                    service: "tg.0", section: "devices", transport: .udp, addressName: "tg-ip",
                    addresses: [IPAddress("198.51.100.37")!, IPAddress("198.51.100.38")!],
                    ports: [PortRange(20000, 29999)!, PortRange(31000)!], mark: 257, method: .masq, scheduler: .mh,
                    persistence: 300, drainTime: 900, backendAddress: IPAddress("10.1.0.11")!, weight: 100))
    }

    @Test("a drain time of 0 is none, an empty one the gateway's own")
    func drainTime() throws {
        func drainTime(_ line: String) throws -> Int? { try parse(file(line)).groups.first?.connection.drainTime }
        #expect(try drainTime(Line.web6) == 0)
        #expect(try drainTime(Line.web1) == nil)
        #expect(try drainTime(Line.web1.replacing("wlc,0,,", with: "wlc,0,604800,")) == 604_800)
    }

    @Test("names are lower case, of at most 63 characters, and do not begin with a dot")
    func names() {
        for name in ["a", "0", "tg.3", "www-ip6", "a_b", String(repeating: "x", count: 63)] {
            #expect(ServicesCSV.isName(name.utf8))
        }
        for name in ["", ".a", "-a", "_a", "A", "a b", "ä", "a,b", String(repeating: "x", count: 64)] {
            #expect(!ServicesCSV.isName(name.utf8))
        }
    }
}

@Suite struct ExportDigestTests {
    /// SHA-256 of "abc", FIPS 180-2 appendix B.1
    private let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test("the ETag is the quoted SHA-256 in hexadecimal")
    func etag() {
        let digest = ExportDigest(of: Array("abc".utf8))
        #expect(digest.etag == "\"\(abc)\"")
        #expect(ExportDigest(etag: digest.etag) == digest)
        #expect(ExportDigest(etag: "W/" + digest.etag) == nil)
        #expect(ExportDigest(etag: abc) == nil)
        #expect(ExportDigest(etag: "\"\(abc.uppercased())\"") == nil)
        #expect(ExportDigest(etag: "\"\(abc.dropLast())g\"") == nil)
    }

    @Test("the Content-Digest is a byte sequence of a structured field")
    func contentDigest() {
        let digest = ExportDigest(of: Array("abc".utf8))
        #expect(digest.contentDigest == "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:")
        #expect(ExportDigest(contentDigest: digest.contentDigest) == digest)
        #expect(ExportDigest(contentDigest: "sha-512=:AAAA:, \(digest.contentDigest);a=1") == digest)
        #expect(ExportDigest(contentDigest: "sha-256=ungW") == nil)
        #expect(ExportDigest(contentDigest: "sha-256=:ungW:") == nil)
        #expect(ExportDigest(contentDigest: "") == nil)
    }
}
