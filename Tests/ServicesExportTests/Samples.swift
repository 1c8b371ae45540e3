import NetworkTypes
import ServicesExport

/// A file of the given rows, sorted or not; the number of their cells tells the version.
func file(_ lines: String...) -> [UInt8] { file(lines) }

func file(_ lines: [String]) -> [UInt8] {
    let cells = (lines.first ?? "").utf8.count { $0 == UInt8(ascii: ",") } + 1
    let version = ServicesCSV.Version.allCases.first { $0.columns.count == cells } ?? .one
    return Array(([version.header] + lines).map { $0 + "\n" }.joined().utf8)
}

func parse(_ bytes: [UInt8]) throws(ServicesCSVError) -> ServicesDocument { try ServicesDocument(parsing: bytes) }

enum Line {
    static let web1 = "pgw.1,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.11,8080,100"
    static let web2 = "pgw.2,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.12,8080,50"
    static let web6 = "pgw.1,http,tcp,www-ip6,2001:db8::36,80,,masq,wlc,0,0,2001:db8:1::/48,fd00::11,8080,100"
    static let markTCP =
        "tg.0,devices,tcp,tg-ip,198.51.100.37 198.51.100.38,20000-29999 31000,257,masq,mh,300,900,,10.1.0.11,,100"
    static let markUDP =
        "tg.0,devices,udp,tg-ip,198.51.100.37 198.51.100.38,20000-29999 31000,257,masq,mh,300,900,,10.1.0.11,,100"
    static let dnat = "logger.0,syslog,udp,www-ip,198.51.100.36,514,,dnat,wlc,0,,203.0.113.0/24,10.1.0.31,5514,100"
    static let all = [dnat, web1, web2, web6, markTCP, markUDP].sorted()

    /// The line as version 2 has it.
    static func two(_ line: String, maximumConnections: Int = 0) -> String {
        var cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        cells.insert(
            contentsOf: ["\(maximumConnections)", "0", "", "0", "", "", "", "0", "0", "", ""], at: cells.count - 3)
        return cells.joined(separator: ",")
    }
}
