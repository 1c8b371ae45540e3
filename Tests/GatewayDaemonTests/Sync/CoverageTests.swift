import GatewayDaemon
import GatewaySync
import GatewayTestSupport
import Netlink
import NetworkTypes
import Testing

@Suite("Ranges that change")
struct CoverageTests {
    private let kernel = InMemoryKernel()

    private static func device(ports: String, mark: Int = 257, sources: String = "") -> String {
        "tg.1,devices,tcp,tg-ip,198.51.100.37,\(ports),\(mark),masq,mh,0,,\(sources),10.1.0.11,,100"
    }

    private func ports(_ site: Site) throws -> [PortRange] {
        let elements = try #require(try site.state.table?.elements)
        let ranges = elements.compactMap { if case .range(_, _, let ports) = $0 { ports } else { nil } }.sorted()
        let marked = elements.compactMap { if case .mark(_, _, let ports, _) = $0 { ports } else { nil } }.sorted()
        #expect(ranges == marked)
        return ranges
    }

    @Test("a wider range leaves the old element in place and adds the ports that are new")
    func wider() throws {
        let site = Site(kernel)
        try site.export(Self.device(ports: "20000-29999"))
        try site.export(Self.device(ports: "19000-30999"))
        #expect(
            try ports(site) == [PortRange(19_000, 19_999)!, PortRange(20_000, 29_999)!, PortRange(30_000, 30_999)!])
        #expect(try site.later(3).isEmpty)
        try site.restart()
        #expect(try site.export(Self.device(ports: "19000-30999")).isEmpty)
    }

    @Test("a range that was widened in pieces is widened again, narrowed again, and leaves as a whole")
    func pieces() throws {
        let site = Site(kernel, drainTime: 0)
        try site.export(Self.device(ports: "20000-29999"))
        try site.export(Self.device(ports: "20000-30999"))
        try site.export(Self.device(ports: "20000-31999"))
        #expect(
            try ports(site) == [PortRange(20_000, 29_999)!, PortRange(30_000, 30_999)!, PortRange(31_000, 31_999)!])
        try site.export(Self.device(ports: "20000-29999"))
        #expect(try ports(site) == [PortRange(20_000, 29_999)!])
        try site.export(Self.device(ports: "20000-30999"))
        try site.export("pgw.1,http,tcp,www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.11,8080,100")
        #expect(try ports(site).isEmpty)
    }

    @Test("a wider range with another mark, or for some sources only, is replaced as a whole")
    func other() throws {
        let site = Site(kernel, drainTime: 0)
        try site.export(Self.device(ports: "20000-29999"))
        try site.export(Self.device(ports: "20000-30999", mark: 258))
        #expect(try ports(site) == [PortRange(20_000, 30_999)!])
        try site.export(Self.device(ports: "20000-31999", mark: 258, sources: "203.0.113.0/24"))
        #expect(try site.state.table?.elements == site.synchronizer.reconciler.desired.elements)
    }
}
