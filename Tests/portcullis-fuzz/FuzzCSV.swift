import ArgumentParser
import Fuzzing
import ServicesExport

struct FuzzCSV: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "csv", abstract: "services.csv, whole and against a previous file.")

    @OptionGroup var options: FuzzOptions

    func run() throws {
        let sample = Self.sample
        let previous = try ServicesDocument(parsing: Array(sample.utf8))
        let header = Array(ServicesCSV.Version.one.header.utf8) + [0x0A]
        options.run(
            "csv", corpus: [Array(sample.utf8), header, Self.inVersionTwo(previous), Array(Self.options.utf8)],
            dictionary: [
                ",", "\n", "\r\n", "\"", "\"\"", " ", "-", "0", "65535", "65536", "4294967295", "tcp", "udp", "sctp",
                "dnat", "tunnel", "198.51.100.36", "2001:db8::36", "::", "20000-29999", "203.0.113.0/24", "\u{FEFF}",
                ServicesCSV.Version.one.header, ServicesCSV.Version.two.header, ",2147483647,",
                "rate=100/s burst=200 connections=50 prefix=24",
                "http path=/health status=200;204 port=8081 interval=2", "tcp port=80 drop-after=never",
                "udp send=%00 expect=a", "10.1.0.9:80", "[fd00::9]:80", "snat", "egress",
            ],
            body: { ServicesDocument.fuzz($0, after: previous) })
    }

    private static func inVersionTwo(_ document: ServicesDocument) -> [UInt8] {
        ServicesCSV.write(
            document.rows.map { row in
                var row = row
                if row.method != .dnat { row.options.maximumConnections = 500 }
                return row
            })
    }

    /// What version 2 added.
    private static let options =
        ServicesCSV.Version.two.header + "\n"
            + """
            dns.0,dns,udp,www-ip,198.51.100.36,53,,masq,rr,0,,,0,0,,1,,,dns query=example.com,0,0,,,10.1.0.11,53,100
            egress,out,any,out-ip,198.51.100.40 198.51.100.41,,,snat,,,,10.1.0.0/16,,,,,,,,,,,10.0.0.0/8,,,
            pgw.1,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,300,,,500,1000,rate=100/s burst=200 connections=50 prefix=24,0,24,\
            10.1.0.0/16,https path=/health%20 name=www.example.com verify=full port=8081 timeout=0.5,30,2,10.1.0.9:80,,10.1.0.11,8080,100
            tg.0,devices,tcp,tg-ip,198.51.100.37,20000-29999,257,masq,mh,0,,,0,0,,0,,,tcp port=20000 drop-after=never,0,1,10.1.0.9,,10.1.0.11,,100

            """

    private static let sample =
        ServicesCSV.Version.one.header + "\n"
            + """
            logger.0,syslog,udp,www-ip,198.51.100.36,514,,dnat,wlc,0,,203.0.113.0/24 203.0.113.0/25,10.1.0.31,5514,100
            pgw.1,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.11,8080,100
            pgw.1,http,tcp,www-ip6,2001:db8::36,80,,masq,wlc,0,,2001:db8:1::/48,fd00::11,8080,100
            pgw.2,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.12,8080,50
            tg.0,devices,tcp,tg-ip,198.51.100.37 198.51.100.38,20000-29999 31000,257,masq,mh,300,900,,10.1.0.11,,100
            tg.0,devices,udp,tg-ip,198.51.100.37 198.51.100.38,20000-29999 31000,257,masq,mh,300,900,,10.1.0.11,,100
            tg.3,devices,tcp,tg-ip,198.51.100.37 198.51.100.38,20000-29999 31000,257,masq,mh,300,900,,10.1.0.12,,0
            tg.3,devices,udp,tg-ip,198.51.100.37 198.51.100.38,20000-29999 31000,257,masq,mh,300,900,,10.1.0.12,,0

            """.replacing(" 203.0.113.0/25", with: "")
}
