import AdminAPI
import GatewaySync
import GatewayTestSupport
import Netlink
import NetworkTypes
import ServicesExport
import Testing
import Text

@testable import GatewayDaemon

@Suite("Instances at weight 0") struct DrainingTests {
    private let kernel = InMemoryKernel()

    private func server(_ address: String, _ port: UInt16) -> IPVS.DestinationIdentity {
        IPVS.DestinationIdentity(address: IPAddress(address)!, port: port)
    }

    @Test("their connections are counted by instance, without UDP, and nothing is where none is")
    func counts() throws {
        let site = Site(kernel)
        try site.export([Row.web(1), Row.web(2), Row.port(81, server: 1)] + Row.devices(1) + Row.devices(2))
        #expect(!site.synchronizer.reconciler.desired.hasDraining)
        #expect(try site.synchronizer.drainingConnections(now: site.now).isEmpty)
        try site.export(
            [Row.web(1, weight: 0), Row.web(2), Row.port(81, server: 1, weight: 0), Row.dns(1), Row.logger(1)]
                + Row.devices(1) + Row.devices(2, weight: 0))
        kernel.setConnections(3, of: server("10.1.0.11", 8080), in: .web)
        kernel.setConnections(50, of: server("10.1.0.12", 8080), in: .web)
        kernel.setConnections(
            4, of: server("10.1.0.11", 8080), in: .address(IPAddress("198.51.100.36")!, .tcp, port: 81))
        kernel.setConnections(5, of: server("10.1.0.12", 0), in: .mark)
        #expect(site.synchronizer.reconciler.desired.hasDraining)
        #expect(try site.synchronizer.drainingConnections(now: site.now) == ["pgw.1": 7, "tg.2": 5])
        try site.export([Row.web(1), Row.web(2)])
        #expect(!site.synchronizer.reconciler.desired.hasDraining)
    }

    @Test("UDP alone has an instance without connections to wait for")
    func datagrams() throws {
        let site = Site(kernel)
        try site.export(["dns.1,dns,udp,www-ip,198.51.100.36,53,,masq,rr,0,,,10.1.0.11,53,0", Row.dns(2)])
        kernel.setConnections(
            9, of: server("10.1.0.11", 53), in: .address(IPAddress("198.51.100.36")!, .udp, port: 53))
        #expect(try site.synchronizer.drainingConnections(now: site.now) == ["dns.1": 0])
    }

    @Test("under destination NAT the flows of conntrack are counted, those of other instances are not")
    func translated() throws {
        let site = Site(kernel)
        func row(_ number: Int, _ weight: Int) -> String {
            "smtp.\(number),smtp,tcp,www-ip,198.51.100.36,25,,dnat,wlc,0,,,10.1.0.1\(number),2525,\(weight)"
        }
        try site.export([row(1, 0), row(2, 100)])
        kernel.flows = Set(
            [(40_001, 1), (40_002, 1), (40_003, 2)].map { port, number in
                Conntrack.Flow(
                    from: IPAddress("203.0.113.10")!, port: port,
                    to: Conntrack.Destination(IPAddress("198.51.100.36")!, .tcp, port: 25),
                    server: IPAddress("10.1.0.1\(number)")!, serverPort: 2525, isTranslated: true)
            })
        #expect(try site.synchronizer.drainingConnections(now: site.now) == ["smtp.1": 2])
    }

    @Test("they are told with each report while there are any or there was a change, else now and then")
    func cadence() {
        var watch = DrainingWatch()
        let start = ContinuousClock.now
        #expect(!watch.isClose(at: start) && watch.isDue(for: "\"a\"", at: start))
        watch.take(.init(export: "\"a\"", connections: ["tg.2": 1]), at: start)
        #expect(watch.isClose(at: start + .seconds(3_600)))
        watch.take(.init(export: "\"a\"", connections: ["tg.2": 0]), at: start + .seconds(3_600))
        #expect(watch.isClose(at: start + .seconds(3_659)) && !watch.isClose(at: start + .seconds(3_660)))
        #expect(watch.isDue(for: "\"b\"", at: start + .seconds(3_700)))
        watch.take(.init(export: "\"a\"", connections: ["tg.2": 0]), at: start + .seconds(3_700))
        #expect(!watch.isDue(for: "\"a\"", at: start + .seconds(3_701)))
        #expect(watch.isDue(for: "\"a\"", at: start + .seconds(3_760)))
        watch.take(nil, at: start + .seconds(3_800))
        #expect(!watch.isClose(at: start + .seconds(3_801)) && watch.draining == nil)
    }

    @Test("of more than may be told, those with connections come first, and what is left out has none")
    func limit() {
        let idle = (0..<2_000).map { (ExactText("a\($0).1"), 0) }
        let busy = (0..<10).map { (ExactText("z\($0).1"), $0 + 1) }
        let report = GatewayReport.Draining(export: "e", counts: Dictionary(uniqueKeysWithValues: idle + busy))
        #expect(report.connections.count == Limits.reportedDraining && report.omitted == nil)
        #expect(report.count(of: "z9.1") == 10 && report.count(of: "a1999.1") == 0)

        let many = (0..<1_500).map { (ExactText("m\($0).1"), 1) }
        let crowded = GatewayReport.Draining(export: "e", counts: Dictionary(uniqueKeysWithValues: idle + many))
        #expect(crowded.connections.count == Limits.reportedDraining && crowded.omitted == 500)
        #expect(crowded.count(of: "a1.1") == nil)
    }
}
