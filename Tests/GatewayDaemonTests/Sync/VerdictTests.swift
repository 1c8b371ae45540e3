import GatewaySync
import GatewayTestSupport
import HealthChecks
import Netlink
import NetworkTypes
import Testing

@testable import GatewayDaemon

@Suite("Verdicts on real servers") struct VerdictTests {
    /// A row of version 2: `check`, `slow_start`, `minimum` and `sorry` as given.
    private func web(
        _ number: Int, weight: Int = 100, check: String = "tcp", slowStart: Int = 0, minimum: Int = 0,
        sorry: String = "",
        scheduler: String = "wlc", persistence: Int = 0
    ) -> String {
        "pgw.\(number),http,tcp,www-ip,198.51.100.36,80,,masq,\(scheduler),\(persistence),,,0,0,,0,,,\(check),\(slowStart),"
            + "\(minimum),\(sorry),,10.1.0.1\(number),8080,\(weight)"
    }

    private func target(_ number: Int, _ check: String = "tcp", port: UInt16 = 8080) throws -> ProbeTarget {
        ProbeTarget(try HealthCheck(text: check), address: IPAddress("10.1.0.1\(number)")!, port: port)
    }

    @Test("down is weight 0 at once, out after drop-after without a drain, and up is back")
    func basic() throws {
        let kernel = InMemoryKernel()
        kernel.setConnections(5)
        let site = Site(kernel)
        try site.export(web(1), web(2))
        #expect(
            try site.verdict(.down, on: target(1)) == [
                "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 weight 100 -> 0"
            ])
        #expect(try site.later(9) == [])
        #expect(
            try site.later(1) == ["ipvs - real server 198.51.100.36:80/tcp -> 10.1.0.11:8080"])
        #expect(site.synchronizer.reconciler.drains.isEmpty)
        #expect(
            try site.verdict(.up, on: target(1)) == [
                "ipvs + real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 masq weight 100"
            ])
    }

    @Test("with slow-start a server that returns climbs, and never has weight 0 on the way")
    func slowStart() throws {
        let site = Site(InMemoryKernel())
        try site.export(web(1, slowStart: 20), web(2, slowStart: 20))
        try site.verdict(.down, on: target(1))
        try site.later(20)
        try site.verdict(.up, on: target(1))
        var weights = [try site.weights(.web)?.first]
        for _ in 0..<11 {
            try site.later(2)
            weights.append(try site.weights(.web)?.first)
        }
        #expect(weights == [5, 15, 25, 35, 45, 55, 65, 75, 85, 95, 100, 100])
    }

    @Test("a verdict lives by the content of the check, whatever else an export changes")
    func content() throws {
        let site = Site(InMemoryKernel())
        try site.export(web(1), web(2))
        try site.verdict(.down, on: target(1))
        try site.export(web(1, weight: 50), web(2), web(3))
        #expect(try site.weights(.web) == [0, 100, 100])
        try site.restart()
        #expect(try site.later(1) == [])
        #expect(try site.weights(.web) == [0, 100, 100])
        // How often it is asked changes nothing of the answer.
        try site.export(web(1, check: "tcp interval=2"), web(2, check: "tcp interval=2"))
        #expect(try site.weights(.web)?.prefix(2) == [0, 100])
        // Another check is another question.
        try site.export(web(1, check: "tcp port=81"), web(2, check: "tcp port=81"))
        #expect(try site.weights(.web)?.first == 100)
    }

    @Test("ADMIN's drain, a removal and a verdict lie over each other without losing one")
    func drain() throws {
        let kernel = InMemoryKernel()
        kernel.setConnections(1)
        let site = Site(kernel)
        try site.export(web(1), web(2))
        // Down and then drained: it stays with its connections, as a drained server does.
        try site.verdict(.down, on: target(1))
        try site.export(web(1, weight: 0), web(2))
        try site.later(60)
        #expect(try site.weights(.web) == [0, 100])
        // Ready again, but still down.
        try site.export(web(1), web(2))
        #expect(try site.weights(.web) == [100])
        // It leaves the export while it is down: there is nothing to drain.
        #expect(try site.export(web(2)) == [])
        // One that is down but not out yet leaves: its connections have their time.
        try site.export(web(2), web(3))
        try site.verdict(.down, on: target(3))
        try site.export(web(2))
        #expect(site.synchronizer.reconciler.drains.count == 1)
        try site.later(Site.drainTime + 1)
        #expect(try site.weights(.web) == [100])
    }

    @Test("minimum keeps those that went down last; a sorry server serves where nobody does, and goes by a drain")
    func minimumAndSorry() throws {
        let kernel = InMemoryKernel()
        let site = Site(kernel)
        try site.export(web(1, minimum: 1), web(2, minimum: 1))
        try site.verdict(.down, on: target(1))
        try site.later(1)
        try site.verdict(.down, on: target(2))
        #expect(try site.weights(.web) == [0, 100])

        try site.export(web(1, sorry: "10.1.0.19:80"), web(2, sorry: "10.1.0.19:80"))
        #expect(try site.weights(.web) == [0, 0, 1])
        kernel.setConnections(1)
        #expect(
            try site.verdict(.up, on: target(2)) == [
                "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 weight 0 -> 100",
                "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.19:80 weight 1 -> 0",
            ])
        kernel.setConnections(0)
        try site.later(1)
        #expect(try site.weights(.web) == [0, 100])
        // A section whose instances all drain has the sorry server as well.
        try site.export(web(1, weight: 0, sorry: "10.1.0.19:80"), web(2, weight: 0, sorry: "10.1.0.19:80"))
        #expect(try site.weights(.web) == [0, 0, 1])
    }

    @Test("half of all servers at once is no failure of servers: weights hold for a minute, then the verdicts count")
    func storm() throws {
        let site = Site(InMemoryKernel())
        try site.export((1...6).map { web($0) })
        try site.verdict(.down, on: target(1))
        try site.later(2)
        try site.verdict(.down, on: target(2))
        #expect(try site.weights(.web) == [0, 0, 100, 100, 100, 100])
        try site.verdict(.down, on: target(3))
        #expect(try site.weights(.web) == [100, 100, 100, 100, 100, 100])
        try site.later(59)
        #expect(try site.weights(.web) == [100, 100, 100, 100, 100, 100])
        try site.later(1)
        #expect(try site.weights(.web) == [100, 100, 100])
    }

    @Test("one that comes back ends the hold for the others, after ten seconds to come back as well")
    func stormEnds() throws {
        let site = Site(InMemoryKernel())
        try site.export((1...3).map { web($0) })
        for number in 1...3 { try site.verdict(.down, on: target(number)) }
        #expect(try site.weights(.web) == [100, 100, 100])
        try site.later(20)
        try site.verdict(.up, on: target(3))
        try site.later(9)
        #expect(try site.weights(.web) == [100, 100, 100])
        try site.later(1)
        #expect(try site.weights(.web) == [100])
    }

    @Test("without a prober the last verdicts hold for 30 s; a daemon that was stopped itself waits anew")
    func silence() throws {
        let site = Site(InMemoryKernel())
        try site.export(web(1), web(2))
        try site.verdict(.down, on: target(1))
        try site.later(600)
        #expect(try site.weights(.web) == [100])
        for _ in 0..<29 { try site.later(1) }
        #expect(try site.weights(.web) == [100])
        try site.later(1)
        #expect(try site.weights(.web) == [100, 100])
        #expect(!site.synchronizer.reconciler.health.isInForce)
    }

    @Test("UDP has no connections to wait for: a server that is down goes at once")
    func datagrams() throws {
        let site = Site(InMemoryKernel())
        func dns(_ number: Int) -> String {
            "dns.\(number),dns,udp,www-ip,198.51.100.36,53,,masq,rr,0,,,0,0,,0,,,dns query=,0,0,,,10.1.0.1\(number),53,100"
        }
        try site.export(dns(1), dns(2))
        #expect(
            try site.verdict(.down, on: target(1, "dns query=", port: 53)) == [
                "ipvs - real server 198.51.100.36:53/udp -> 10.1.0.11:53"
            ])
    }

    @Test("what others do to a server that is down is put right")
    func drift() throws {
        let kernel = InMemoryKernel()
        let site = Site(kernel)
        try site.export(web(1), web(2))
        try site.verdict(.down, on: target(1))
        kernel.state.services[.web]?.destinations[0].settings.weight = 100
        try site.audit()
        #expect(try site.weights(.web) == [0, 100])
        try site.later(10)
        kernel.state.services[.web]?.set(
            IPVS.DestinationIdentity(address: IPAddress("10.1.0.11")!, port: 8080),
            IPVS.DestinationSettings(method: .masquerade, weight: 100))
        try site.audit()
        #expect(try site.weights(.web) == [100])
    }

    @Test("servers that are checked in the same way are one target, and concern each service")
    func sharedTargets() throws {
        let site = Site(InMemoryKernel())
        let other = web(1).replacing(",http,", with: ",other,").replacing(",80,,", with: ",81,,")
        try site.export(web(1), other)
        let health = site.synchronizer.reconciler.health
        #expect(health.targets.count == 1 && health.targets.first?.value.users.count == 2)
        #expect(try site.verdict(.down, on: target(1)).count == 2)
    }

    @Test("the file of verdicts holds what is not up, and is read strictly")
    func stored() throws {
        let site = Site(InMemoryKernel())
        try site.export(web(1), web(2), web(3))
        try site.verdict(.up, on: target(1))
        try site.verdict(.down, on: target(2))
        let now = ClockReading(boot: 2_000, wall: 1_700_000_000, bootID: "b")
        let stored = StoredVerdicts(site.synchronizer.reconciler.health)
        let json = stored.json(at: now)
        #expect(try StoredVerdicts(json: json, at: now) == stored)
        let text = String(decoding: json, as: UTF8.self)
        #expect(!text.contains("10.1.0.11") && text.contains("10.1.0.12") && text.contains("10.1.0.13"))
        for bad in [
            "{}", "", text.replacing("\"version\" : 1", with: "\"version\" : 2"),
            text.replacing("\"down\"", with: "\"dwn\""),
            text.replacing("\"check\" : \"tcp\"", with: "\"check\" : \"tcq\""),
        ] { #expect(throws: (any Error).self) { try StoredVerdicts(json: Array(bad.utf8), at: now) } }
    }
}
