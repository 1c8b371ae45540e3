import GatewayDaemon
import GatewaySync
import Netlink
import NetworkTypes
import Testing

extension KernelScenario {
    private static let address = IPAddress("198.51.100.36")!
    private static let syslog = Conntrack.Destination(address, .udp, port: 514)
    private static let ssh = Conntrack.Destination(address, .tcp, port: 2222)

    private static func ssh(_ number: Int, weight: Int = 100, sources: String = "") -> String {
        "git.\(number),ssh,tcp,www-ip,198.51.100.36,2222,,dnat,wlc,0,,\(sources),10.1.0.3\(number),22,\(weight)"
    }

    /// To real server 10.1.0.3NUMBER; 0: the host itself has taken it.
    private static func flow(
        _ port: UInt16, to destination: Conntrack.Destination, _ number: Int, source: String = "203.0.113.10"
    ) -> Conntrack.Flow {
        Conntrack.Flow(
            from: IPAddress(source)!, port: port, to: destination,
            server: number == 0 ? destination.address : IPAddress("10.1.0.3\(number)")!,
            serverPort: number == 0 ? destination.port : destination == syslog ? 5514 : 22, isTranslated: number != 0)
    }

    static let translating = [
        KernelScenario("flows of UDP go to the server that the export has now, from their next datagram on") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.logger(1))
            try kernel.make(flow(4711, to: syslog, 1))
            #expect(
                try site.export(Row.logger(2)) == [
                    "nft  - dnat4 198.51.100.36 . udp . 514 : 10.1.0.31 . 5514",
                    "nft  + dnat4 198.51.100.36 . udp . 514 : 10.1.0.32 . 5514",
                    "ct   - flows to 198.51.100.36:514/udp other than from 203.0.113.0/24 to 10.1.0.32:5514",
                ])
            #expect(try kernel.flowPorts == [])
            #expect(site.synchronizer.reconciler.drains.isEmpty)

            try kernel.make(flow(4712, to: syslog, 2))
            #expect(try site.export(Row.web(1)).contains("ct   - flows to 198.51.100.36:514/udp"))
            #expect(try kernel.flowPorts == [])
        },
        KernelScenario("connections to a server that left under destination NAT go on to their end") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1))
            try kernel.make(flow(4711, to: ssh, 1))
            #expect(
                try site.export(ssh(2)) == [
                    "nft  - dnat4 198.51.100.36 . tcp . 2222 : 10.1.0.31 . 22",
                    "nft  + dnat4 198.51.100.36 . tcp . 2222 : 10.1.0.32 . 22",
                    "ct   - flows to 198.51.100.36:2222/tcp other than to 10.1.0.31:22 10.1.0.32:22",
                ])
            try kernel.make(flow(4712, to: ssh, 2))
            #expect(site.synchronizer.reconciler.drains.count == 1)
            #expect(try site.later(3).isEmpty)
            try site.restart()
            #expect(try site.export(ssh(2)).isEmpty)
            #expect(site.synchronizer.reconciler.drains.count == 1)
            #expect(try kernel.flowPorts == [4711, 4712])
            try kernel.end(flow(4711, to: ssh, 1))
            #expect(try site.later(3).isEmpty)
            #expect(site.synchronizer.reconciler.drains.isEmpty)
        },
        KernelScenario("what is left of them is cut when the drain time is over, the section's being gone as well") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1), Row.web(1))
            try kernel.make(flow(4711, to: ssh, 1))
            try site.export(Row.web(1))
            #expect(try site.later(Site.drainTime - 1).isEmpty)
            try site.restart()
            #expect(try site.export(Row.web(1)).isEmpty)
            #expect(try kernel.flowPorts == [4711])
            #expect(try site.later(2) == ["ct   - flows to 198.51.100.36:2222/tcp"])
            #expect(try kernel.flowPorts == [])
            #expect(site.synchronizer.reconciler.drains.isEmpty)
            #expect(try site.later(3).isEmpty)
        },
        KernelScenario("a server of weight 0 keeps its connections for as long as the export has it") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1))
            try kernel.make(flow(4711, to: ssh, 1))
            try site.export(ssh(1, weight: 0), ssh(2))
            #expect(site.synchronizer.reconciler.drains.isEmpty)
            #expect(try site.later(100 * Site.drainTime).isEmpty)
            #expect(try kernel.flowPorts == [4711])
            try site.export(ssh(1, weight: 0))
            #expect(try kernel.flowPorts == [4711])
        },
        KernelScenario("connections from sources that are no longer allowed are cut at once") { (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1))
            try kernel.make(flow(4711, to: ssh, 1))
            try kernel.make(flow(4712, to: ssh, 1, source: "192.0.2.9"))
            #expect(
                try site.export(ssh(1, sources: "203.0.113.0/24")) == [
                    "nft  - ports4 198.51.100.36 . tcp . 2222",
                    "nft  + sources4 198.51.100.36 . tcp . 2222 . 203.0.113.0/24",
                    "ct   - flows to 198.51.100.36:2222/tcp other than from 203.0.113.0/24 to 10.1.0.31:22",
                ])
            #expect(try kernel.flowPorts == [4711])
        },
        KernelScenario("a drain cuts those whom the port's next section excludes, whatever its method") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1))
            try kernel.make(flow(4711, to: ssh, 1))
            try kernel.make(flow(4712, to: ssh, 1, source: "192.0.2.9"))
            try site.export(ssh(2, sources: "203.0.113.0/24").replacing("dnat", with: "masq"))
            #expect(try kernel.flowPorts == [4711])
            #expect(site.synchronizer.reconciler.drains.translations.count == 1)
            #expect(
                try site.export(ssh(2, sources: "203.0.113.64/26").replacing("dnat", with: "masq")).last
                    == "ct   - flows to 198.51.100.36:2222/tcp")
            #expect(try kernel.flowPorts == [])
            #expect(site.synchronizer.reconciler.drains.isEmpty)
        },
        KernelScenario("flows that began while the table was away are translated from their next packet on") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.logger(1), ssh(1))
            try kernel.commit(TableChange(skeleton: .withdrawn))
            try kernel.make(flow(4711, to: syslog, 0))
            try kernel.make(flow(4712, to: ssh, 0))
            try kernel.make(flow(4713, to: ssh, 1))
            try kernel.make(flow(4714, to: .init(address, .udp, port: 9), 0))
            try site.restart()
            #expect(
                try site.export(Row.logger(1), ssh(1)).suffix(2) == [
                    "ct   - flows to 198.51.100.36:2222/tcp other than to 10.1.0.31:22",
                    "ct   - flows to 198.51.100.36:514/udp other than from 203.0.113.0/24 to 10.1.0.31:5514",
                ])
            #expect(try kernel.flowPorts == [4713, 4714])
        },
        KernelScenario("a start finds flows that are stale, though the table is right") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.logger(1), ssh(1))
            try kernel.make(flow(4711, to: syslog, 2))
            try kernel.make(flow(4712, to: ssh, 2))
            #expect(try site.later(3).isEmpty)
            try site.restart()
            #expect(
                try site.export(Row.logger(1), ssh(1)) == [
                    "ct   - flows to 198.51.100.36:514/udp other than from 203.0.113.0/24 to 10.1.0.31:5514"
                ])
            // Nobody knows since when: it has its time.
            #expect(try kernel.flowPorts == [4712])
            try site.later(Site.drainTime + 1)
            #expect(try kernel.flowPorts == [])
        },
        KernelScenario("a port that destination NAT takes from IPVS has no drain, as it takes those packets, too") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1).replacing("dnat", with: "masq"), Row.web(1))
            #expect(
                try site.export(ssh(2), Row.web(1)) == [
                    "nft  + dnat4 198.51.100.36 . tcp . 2222 : 10.1.0.32 . 22",
                    "ct   - flows to 198.51.100.36:2222/tcp other than to 10.1.0.32:22",
                    "ipvs - virtual service 198.51.100.36:2222/tcp",
                ])
            #expect(site.synchronizer.reconciler.drains.isEmpty)
        },
        KernelScenario("a drain that is on its way ends when destination NAT takes the port") { (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1).replacing("dnat", with: "masq"), Row.web(1))
            try site.export(Row.web(1))
            #expect(site.synchronizer.reconciler.drains.count == 1)
            #expect(try site.export(ssh(2), Row.web(1)).last == "ipvs - virtual service 198.51.100.36:2222/tcp")
            #expect(site.synchronizer.reconciler.drains.isEmpty)
        },
        KernelScenario("a port that IPVS takes from destination NAT keeps its connections for the drain time") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1))
            try kernel.make(flow(4711, to: ssh, 1))
            #expect(
                try site.export(ssh(2).replacing("dnat", with: "masq")) == [
                    "ipvs + virtual service 198.51.100.36:2222/tcp wlc",
                    "ipvs + real server 198.51.100.36:2222/tcp -> 10.1.0.32:22 masq weight 100",
                    "nft  - dnat4 198.51.100.36 . tcp . 2222 : 10.1.0.31 . 22",
                    "ct   - flows to 198.51.100.36:2222/tcp other than to 10.1.0.31:22",
                ])
            #expect(try kernel.flowPorts == [4711])
            #expect(try site.later(Site.drainTime + 1) == ["ct   - flows to 198.51.100.36:2222/tcp"])
            #expect(try kernel.flowPorts == [])
        },
        KernelScenario("a flush cuts what was translated") { (kernel) throws in
            let site = Site(kernel)
            try site.export(ssh(1))
            try kernel.make(flow(4711, to: ssh, 1))
            #expect(
                try site.synchronizer.withdraw().lines == [
                    "nft  - table inet portcullis", "ct   - flows to 198.51.100.36:2222/tcp",
                ])
            #expect(try kernel.flowPorts == [])
        },
    ]
}
