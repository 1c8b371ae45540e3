import AdminAPI
import Testing

@testable import portcullis

@Suite struct ChangeReportTextTests {
    private let pgw = "pgw.1,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.11,8080,100"
    private let tg =
        "tg.1,devices,udp,tg-ip,198.51.100.37 198.51.100.38,20000-29999 31000,257,masq,mh,300,900,10.0.0.0/8,10.1.0.12,,100"

    @Test("no change is said in two words")
    func nothing() {
        let report = ChangeReport(changes: [], export: [])
        #expect(ChangeReportText().text(report) == "no changes")
        #expect(ChangeReportText(isDryRun: true).text(report) == "no changes")
    }

    @Test("values that look alike are shown by their code points")
    func lookalikes() throws {
        let line = ConfigurationChange.Line(path: "/k", before: "\"\u{E9}\"", after: "\"e\u{301}\"")
        let report = ChangeReport(
            changes: [], export: [], configurations: [ConfigurationChange(services: ["u.1"], lines: [line])])
        #expect(ChangeReportText().text(report).contains(#"~  /k  "\u{E9}" → "e\u{301}""#))
    }

    @Test("resources come first, then the rows of each export, with signs")
    func everything() {
        let report = ChangeReport(
            changes: [
                .init(action: .create, kind: .location, name: "tcn", after: "Groningen"),
                .init(action: .update, kind: .type, name: "pgw"),
                .init(
                    action: .update, kind: .service, name: "tg.3", before: "ready on app1, weight 7",
                    after: "ready on app2, weight 7"),
                .init(action: .delete, kind: .service, name: "tg.4", before: "drain on app1, weight 7"),
            ],
            export: [
                ExportChange(
                    location: "tcn", added: [pgw, tg], removed: [tg],
                    changed: [.init(before: pgw, after: pgw.replacing(",100", with: ",50"))])
            ])
        #expect(
            ChangeReportText(isDryRun: true).text(report) == """
                registry: 1 added, 2 changed, 1 removed
                  +  location  tcn   Groningen
                  ~  type      pgw
                  ~  service   tg.3  ready on app1, weight 7 → ready on app2, weight 7
                  -  service   tg.4  drain on app1, weight 7

                export of tcn: 2 rows added, 1 changed, 1 removed
                  +  pgw.1  http     198.51.100.36:80/tcp                               10.1.0.11:8080  masq wlc weight 100
                  +  tg.1   devices  198.51.100.37,198.51.100.38:20000-29999,31000/udp  10.1.0.12       mark 257 masq mh persistence 300 drain 900 from 10.0.0.0/8 weight 100
                  ~  pgw.1  http     198.51.100.36:80/tcp                               10.1.0.11:8080  weight 100 → 50
                  -  tg.1   devices  198.51.100.37,198.51.100.38:20000-29999,31000/udp  10.1.0.12       mark 257 masq mh persistence 300 drain 900 from 10.0.0.0/8 weight 100

                dry run: nothing was changed
                """)
    }

    @Test("a long export is cut and says how much is missing")
    func long() {
        let report = ChangeReport(
            changes: [], export: [ExportChange(location: "tcn", added: [pgw, pgw, pgw], removed: [], changed: [])])
        let text = ChangeReportText(rowLimit: 1).text(report)
        #expect(text.hasSuffix("masq wlc weight 100\n  … and 2 more; --all-rows shows them"))
        #expect(ChangeReportText(rowLimit: nil).text(report).split(separator: "\n").count == 4)
    }

    @Test("an IPv6 row has its addresses in brackets, and what was empty is called none")
    func ipv6() throws {
        let before = try #require(
            ExportLine("pgw.4,http,tcp,www-ip,2001:db8:0:2::36,80,,masq,wlc,0,,,fd00:2::11,8080,100"))
        let after = try #require(
            ExportLine("pgw.4,http,tcp,www-ip,2001:db8:0:2::36,80,,masq,wlc,0,,fd00::/8,fd00:2::11,8080,100"))
        #expect(after.external == "[2001:db8:0:2::36]:80/tcp")
        #expect(after.backend == "[fd00:2::11]:8080")
        #expect(before.differences(to: after) == ["sources none → fd00::/8"])
    }

    @Test("a line of unknown columns is shown as it is")
    func unknownColumns() {
        let report = ChangeReport(
            changes: [], export: [ExportChange(location: "tcn", added: ["a,b"], removed: [], changed: [])])
        #expect(ChangeReportText().text(report) == "export of tcn: 1 row added\n  +  a,b")
    }
}
