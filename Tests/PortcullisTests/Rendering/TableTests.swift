import AdminAPI
import CommandLineSupport
import Names
import Testing
import Text

@testable import portcullis

@Suite struct TableTests {
    @Test("columns are aligned, numbers to the right, and no line ends with a space")
    func alignment() {
        let table = Table(
            ["NAME", Table.Column("WEIGHT", .right), "STATE"], [["tg.1", "100", ""], ["pgw.12", "5", "drain"]])
        #expect(
            table.text == """
                NAME    WEIGHT  STATE
                tg.1       100
                pgw.12       5  drain
                """)
    }

    @Test("control characters, and those that turn the direction of writing, cannot reach the terminal")
    func controlCharacters() {
        #expect(Table(["A"], [["a\u{202E}b\u{200B}"]]).text.hasSuffix(#"a\u{202E}b\u{200B}"#))
        #expect(Table(["A"], [["x\u{1B}[31m\n"]]).body(indent: "") == #"x\u{1B}[31m\n"#)
    }

    @Test("states have colors where they are wanted, and what is aligned stays so")
    func colors() {
        let table = Table(
            ["NAME", Table.Column("STATE", isState: true), "X"], [["ready", "drain", "1"], ["b", "ready", "2"]])
        #expect(
            table.text(hasHeading: false, isColored: true)
                == "ready  \u{1B}[33mdrain\u{1B}[0m  1\nb      \u{1B}[32mready\u{1B}[0m  2")
        #expect(table.text(hasHeading: false) == "ready  drain  1\nb      ready  2")
        #expect(Table(["NAME"], [["x"]]).body(indent: "", continuing: table) == "x")
    }

    @Test("rows that continue a table stand in its columns")
    func continuing() {
        let table = Table(["NAME", "STATE"], [["pgw.12", "ready"]])
        #expect(Table(table.columns, [["a", "drain"]]).body(indent: "", continuing: table) == "a       drain")
        let wider = Table(["NAME", "STATE", "LINK"], [["a", "drain", "lost"]])
        #expect(wider.body(indent: "", continuing: table) == "a       drain  lost")
    }

    @Test("services show where they are and whose weight they have")
    func services() {
        let services = [
            ServiceResource(name: "pgw.1", type: "pgw", index: 1, server: "app1", state: .ready, weight: nil),
            ServiceResource(name: "pgw.2", type: "pgw", index: 2, server: "app2", state: .drain, weight: 50),
        ]
        let server = ServerResource(name: "app1", location: "tcn", kind: .app, addresses: ["10.1.0.11"])
        #expect(
            ResourceTables.services(services, servers: ["app1": server]).text == """
                SERVICE  SERVER  LOCATION  STATE  WEIGHT  HEALTH
                pgw.1    app1    tcn       ready       -
                pgw.2    app2              drain      50
                """)
    }

    @Test("a service shows the state that the export has, and whose it is")
    func effectiveStates() {
        var services = [ServiceState.ready, .drain, .maint].enumerated().map { index, state in
            ServiceResource(
                name: "pgw.\(index + 1)", type: "pgw", index: index + 1, server: "app1", state: state, weight: nil,
                effective: EffectiveState(own: state, server: .drain))
        }
        services.append(
            ServiceResource(name: "tg.1", type: "tg", index: 1, server: "app1", state: .ready, weight: nil))
        let server = ServerResource(
            name: "app1", location: "tcn", kind: .app, addresses: ["10.1.0.11", "fd00:1::11"], state: .drain)
        let leaving = ["198.51.100.36:80/tcp 10.1.0.11:8080", "mark 256 [fd00:1::11]:0", "mark 256 10.1.0.11"]
        let others = ["198.51.100.36:80/tcp 10.1.0.111:8080", "mark 256 10.1.0.1", "mark 257 [fd00:1::1]:0"]
        let report = GatewayReport(
            program: "1", state: .synchronized,
            drains: (leaving + others).reduce(into: [:]) {
                $0[ExactText($1)] = .init(until: "2027-01-31T00:00:00Z", connections: 1)
            })
        let gateway = GatewayResource(
            name: "gw1", location: "tcn", role: nil, applied: nil, since: "", lastPoll: "", age: 0, current: nil,
            inSync: false)
        let found = LeavingServer.all(
            of: server, at: GatewayDetail(gateway: gateway, report: report, reportedAt: nil))
        #expect(found.map(\.name) == leaving.sorted())
        #expect(
            found[0].text == "gw1: 198.51.100.36:80/tcp 10.1.0.11:8080 has left the export, 1 connection, "
                + "until 2027-01-31T00:00:00Z at the latest")
        #expect(
            ResourceTables.server(server, services: services, leaving: Array(found.prefix(1)), isColored: false) == """
                server     app1
                location   tcn
                kind       app
                state      drain
                addresses  10.1.0.11 fd00:1::11
                labels     none

                SERVICE  STATE           WEIGHT
                pgw.1    drain (server)       -
                pgw.2    drain                -
                pgw.3    maint                -
                tg.1     ready                -

                \(found[0].text)
                """)
    }

    @Test("events show what was and what is")
    func events() {
        let events = [
            EventResource(
                id: 9, time: "2026-11-23T01:00:00Z", actor: "ops", action: .create, kind: .service, name: "tg.1",
                before: nil, after: "app1 ready"),
            EventResource(
                id: 10, time: "2026-11-23T01:00:01Z", actor: "ops", action: .update, kind: .service, name: "tg.1",
                before: "app1 ready", after: "app1 drain"),
        ]
        #expect(
            ResourceTables.events(events).text == """
                ID  TIME                  WHO  WHAT    KIND     NAME  CHANGE
                 9  2026-11-23T01:00:00Z  ops  create  service  tg.1  app1 ready
                10  2026-11-23T01:00:01Z  ops  update  service  tg.1  app1 ready → app1 drain
                """)
    }
}
