import GatewayDaemon
import GatewaySync
import Netlink
import NetworkTypes
import ServicesExport
import Testing

extension KernelScenario {
    private static let address = IPAddress("198.51.100.36")!

    /// A row of a section at a port, or under a mark.
    private static func row(
        _ host: Int, _ port: UInt16 = 80, mark: UInt32? = nil, method: ServicesExport.ForwardingMethod = .masq,
        transport: TransportProtocol = .tcp, persistence: Int = 0,
        _ change: (inout ConnectionOptions) -> Void = { _ in }
    ) -> String {
        var options = ConnectionOptions.none
        change(&options)
        return ExportRow(
            service: "www.\(host)", section: "www\(port)", transport: transport, addressName: "ip",
            addresses: [address], ports: [PortRange(port)!], mark: mark, method: method, persistence: persistence,
            options: options, backendAddress: IPAddress("10.1.0.1\(host)")!, backendPort: mark == nil ? 8080 : nil
        ).description
    }

    static let limiting = [
        KernelScenario("a limit comes before the packets it limits, and goes with its section") { (kernel) throws in
            let site = Site(kernel)
            try site.export(row(1, 443))
            #expect(
                try site.export(row(1, 443), row(1) { $0.limit = SourceLimit("rate=100/s prefix=24") }) == [
                    "ipvs + virtual service 198.51.100.36:80/tcp wlc",
                    "ipvs + real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 masq weight 100",
                    "nft  + chain limit-198.51.100.36-tcp-80-r100s-b100-p24",
                    "nft  + ports4 198.51.100.36 . tcp . 80",
                    "nft  + limits4 198.51.100.36 . tcp . 80 : jump limit-198.51.100.36-tcp-80-r100s-b100-p24",
                ])
            #expect(try site.repairs().isEmpty)
            // The section drains: its ports stay admitted, its limit does not stay.
            #expect(
                try site.export(row(1, 443)) == [
                    "nft  - limits4 198.51.100.36 . tcp . 80 : jump limit-198.51.100.36-tcp-80-r100s-b100-p24",
                    "nft  - chain limit-198.51.100.36-tcp-80-r100s-b100-p24",
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 weight 100 -> 0",
                ])
            #expect(try kernel.table()?.limiters == [])
        },
        KernelScenario("ports under a mark and under destination NAT are limited where their packets pass") {
            (kernel) throws in
            let site = Site(kernel)
            let lines = try site.export(
                row(1, 20_000, mark: 300) { $0.maximumRate = 7 },
                row(2, 2_222, method: .dnat) { $0.maximumRate = 8 })
            #expect(
                lines.contains("nft  + limits4 198.51.100.36 . tcp . 20000 : jump limit-198.51.100.36-tcp-20000-t7"))
            #expect(
                lines.contains("nft  + dnatlimits4 198.51.100.36 . tcp . 2222 : jump limit-198.51.100.36-tcp-2222-t8"))
            #expect(try site.repairs().isEmpty)
        },
        KernelScenario("the whole table is made anew with its limits") { (kernel) throws in
            let site = Site(kernel)
            let rows = [row(1) { $0.limit = SourceLimit("connections=5") }, row(2, 81) { $0.maximumRate = 9 }]
            try site.export(rows)
            let before = try kernel.table()
            try kernel.commit(TableChange(skeleton: .altered))
            #expect(try site.audit().contains("nft  + addresses4 198.51.100.36"))
            #expect(try kernel.table() == before)
            #expect(before?.limiters.count == 2)
        },
        KernelScenario("conntrack knows the connections of IPVS exactly while a section needs it") { (kernel) throws in
            let site = Site(kernel)
            let hairpin = AddressPrefix("10.1.0.0/16")!
            func value() throws -> String? { try kernel.sysctls(["net.ipv4.vs.conntrack"])["net.ipv4.vs.conntrack"] }
            try site.export(row(1) { $0.hairpin = [hairpin] })
            try site.audit()
            #expect(try value() == "1")
            #expect(try kernel.table()?.elements.contains(.hairpin(address, .tcp, PortRange(80)!, hairpin)) == true)
            // Destination NAT has conntrack by itself.
            try site.export(row(1), row(2, 2_222, method: .dnat) { $0.hairpin = [hairpin] })
            try site.audit()
            #expect(try value() == "0")
            try site.export(row(1) { $0.limit = SourceLimit("connections=5") })
            try site.audit()
            #expect(try value() == "1")
        },
        KernelScenario("one-packet scheduling and the mask of persistence are set, and set again") { (kernel) throws in
            let site = Site(kernel)
            let rows = [
                row(1, 53, transport: .udp) { $0.isOnePacket = true },
                row(1, persistence: 300) { $0.persistenceMask = 24 },
            ]
            try site.export(rows)
            let web = IPVS.ServiceIdentity.address(address, .tcp, port: 80)
            let dns = IPVS.ServiceIdentity.address(address, .udp, port: 53)
            #expect(try kernel.serviceSettings(of: web)?.persistenceBits == 24)
            #expect(try kernel.serviceSettings(of: dns)?.flags == .onePacket)
            _ = try kernel.apply([
                .setService(web, IPVS.ServiceSettings(scheduler: "wlc", persistence: 300)),
                .setService(dns, IPVS.ServiceSettings(scheduler: "wlc")),
            ])
            #expect(
                try site.repairs() == [
                    "ipvs ~ virtual service 198.51.100.36:80/tcp "
                        + "wlc persistent 300 client prefix whole -> wlc persistent 300 client prefix /24",
                    "ipvs ~ virtual service 198.51.100.36:53/udp wlc flags none -> wlc flags ops",
                ])
        },
        KernelScenario("what conntrack sees only one half of is refused by name, and not left out") { (kernel) throws in
            let site = Site(kernel)
            for (method, word) in [(ServicesExport.ForwardingMethod.direct, "direct"), (.tunnel, "tunnel")] {
                let hairpin = #expect(throws: UnsupportedError.self) {
                    try site.export(row(1, method: method) { $0.hairpin = [AddressPrefix("10.1.0.0/16")!] })
                }
                #expect(hairpin?.subject == "section www80: hairpin with method \(word)")
                let limit = #expect(throws: UnsupportedError.self) {
                    try site.export(row(1, method: method) { $0.limit = SourceLimit("connections=5") })
                }
                #expect(limit?.subject == "section www80: a limit of connections with method \(word)")
                try site.export(row(1, method: method) { $0.limit = SourceLimit("rate=5/s") })
            }
        },
    ]
}

extension Site {
    /// What an audit does to table and services, without the host's settings.
    func repairs() throws -> [String] { try audit().filter { !$0.hasPrefix("host ") } }
}
