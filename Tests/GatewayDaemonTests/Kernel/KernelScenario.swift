import GatewayDaemon
import GatewaySync
import Netlink
import NetworkTypes
import SystemPackage
import Testing

/// What must hold on any kernel: run against the one in memory and against the real one.
struct KernelScenario: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let run: @Sendable (any Kernel) throws -> Void

    init(_ name: String, _ run: @escaping @Sendable (any Kernel) throws -> Void) {
        testDescription = name
        self.run = run
    }

    static let all = loading + changing + draining + taking + translating + limiting + leaving + ownership + refusals
}

extension KernelScenario {
    static let loading = [
        KernelScenario("a first export is carried out in order: services, then one transaction") { (kernel) throws in
            let site = Site(kernel)
            #expect(
                try site.export([Row.web(1), Row.web(2, weight: 50)] + Row.devices(1)) == [
                    "ipvs + virtual service 198.51.100.36:80/tcp wlc",
                    "ipvs + real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 masq weight 100",
                    "ipvs + real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 masq weight 50",
                    "ipvs + virtual service mark 257 (IPv4) mh persistent 300",
                    "ipvs + real server mark 257 (IPv4) -> 10.1.0.11 masq weight 100",
                    "nft  + table inet portcullis",
                    "nft  + addresses4 198.51.100.36",
                    "nft  + addresses4 198.51.100.37",
                    "nft  + ports4 198.51.100.36 . tcp . 80",
                    "nft  + ranges4 198.51.100.37 . tcp . 20000-29999",
                    "nft  + ranges4 198.51.100.37 . udp . 20000-29999",
                    "nft  + marks4 198.51.100.37 . tcp . 20000-29999 : 257",
                    "nft  + marks4 198.51.100.37 . udp . 20000-29999 : 257",
                ])
            let known = try #require(site.synchronizer.reconciler.kernel)
            #expect(try site.state == known)
        },
        KernelScenario("the same export again takes no step") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            #expect(try site.export(Row.web(1)).isEmpty)
            #expect(try site.later(3).isEmpty)
        },
        KernelScenario("a restart reads the kernel and writes nothing when nothing differs") { (kernel) throws in
            let site = Site(kernel)
            let rows =
                [Row.web(1), Row.web6(1), Row.logger(1), Row.dns(1)] + Row.devices(1, ports: "20000-29999 31000")
            try site.export(rows)
            try site.restart()
            #expect(try site.export(rows).isEmpty)
            let known = try #require(site.synchronizer.reconciler.kernel)
            #expect(try site.state == known)
        },
        KernelScenario("an export without rows makes the table and nothing else") { (kernel) throws in
            let site = Site(kernel)
            #expect(try site.export() == ["nft  + table inet portcullis"])
            #expect(try site.state == KernelState(table: KernelState.Table()))
        },
        KernelScenario("IPv6 services stand beside IPv4's") { (kernel) throws in
            let site = Site(kernel)
            #expect(
                try site.export(Row.web6(1)) == [
                    "ipvs + virtual service [2001:db8::36]:80/tcp wlc",
                    "ipvs + real server [2001:db8::36]:80/tcp -> [fd00::11]:8080 masq weight 100",
                    "nft  + table inet portcullis",
                    "nft  + addresses6 2001:db8::36",
                    "nft  + ports6 2001:db8::36 . tcp . 80",
                ])
        },
        KernelScenario("destination NAT goes to the first ready server and needs no virtual service") {
            (kernel) throws in
            let site = Site(kernel)
            #expect(
                try site.export(Row.logger(1, weight: 0), Row.logger(2)) == [
                    "nft  + table inet portcullis",
                    "nft  + addresses4 198.51.100.36",
                    "nft  + sources4 198.51.100.36 . udp . 514 . 203.0.113.0/24",
                    "nft  + dnat4 198.51.100.36 . udp . 514 : 10.1.0.32 . 5514",
                    "ct   - flows to 198.51.100.36:514/udp other than from 203.0.113.0/24 to 10.1.0.31:5514 10.1.0.32:5514",
                ])
            #expect(
                try site.export(Row.logger(1), Row.logger(2)) == [
                    "nft  - dnat4 198.51.100.36 . udp . 514 : 10.1.0.32 . 5514",
                    "nft  + dnat4 198.51.100.36 . udp . 514 : 10.1.0.31 . 5514",
                    "ct   - flows to 198.51.100.36:514/udp other than from 203.0.113.0/24 to 10.1.0.31:5514 10.1.0.32:5514",
                ])
            #expect(
                try site.export(Row.logger(1, weight: 0)) == [
                    "nft  - sources4 198.51.100.36 . udp . 514 . 203.0.113.0/24",
                    "nft  - dnat4 198.51.100.36 . udp . 514 : 10.1.0.31 . 5514",
                    "ct   - flows to 198.51.100.36:514/udp other than from 203.0.113.0/24 to 10.1.0.31:5514",
                ])
        },
    ]

    static let changing = [
        KernelScenario("weights are raised before the transaction and lowered after it") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1), Row.web(2))
            #expect(
                try site.export(Row.web(1, weight: 10), Row.web(2, weight: 200), Row.dns(1)) == [
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 weight 100 -> 200",
                    "ipvs + virtual service 198.51.100.36:53/udp rr",
                    "ipvs + real server 198.51.100.36:53/udp -> 10.1.0.11:53 masq weight 100",
                    "nft  + ports4 198.51.100.36 . udp . 53",
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 weight 100 -> 10",
                ])
            #expect(try site.weights(.web) == [10, 200])
        },
        KernelScenario("the scheduler of a service with traffic is changed in place") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            #expect(
                try site.export(Row.web(1, scheduler: "rr")) == [
                    "ipvs ~ virtual service 198.51.100.36:80/tcp wlc -> rr"
                ])
        },
        KernelScenario("another forwarding method is an edit of the real server") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            #expect(
                try site.export(Row.web(1).replacing(",masq,", with: ",direct,")) == [
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 masq weight 100 -> direct weight 100"
                ])
        },
        KernelScenario("a widened range keeps its element and gains the ports that are new; narrowed, it loses them") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.devices(1))
            #expect(
                try site.export(Row.devices(1, ports: "20000-30999")) == [
                    "nft  + ranges4 198.51.100.37 . tcp . 30000-30999",
                    "nft  + ranges4 198.51.100.37 . udp . 30000-30999",
                    "nft  + marks4 198.51.100.37 . tcp . 30000-30999 : 257",
                    "nft  + marks4 198.51.100.37 . udp . 30000-30999 : 257",
                ])
            #expect(
                try site.export(Row.devices(1)) == [
                    "nft  - ranges4 198.51.100.37 . tcp . 30000-30999",
                    "nft  - ranges4 198.51.100.37 . udp . 30000-30999",
                    "nft  - marks4 198.51.100.37 . tcp . 30000-30999 : 257",
                    "nft  - marks4 198.51.100.37 . udp . 30000-30999 : 257",
                ])
        },
        KernelScenario("limiting the sources takes the port out of the open ones") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            #expect(
                try site.export(Row.web(1, sources: "203.0.113.0/24")) == [
                    "nft  - ports4 198.51.100.36 . tcp . 80",
                    "nft  + sources4 198.51.100.36 . tcp . 80 . 203.0.113.0/24",
                ])
        },
        KernelScenario("one protocol of a mark leaves, the service stays") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.devices(1))
            #expect(
                try site.export([Row.devices(1)[0]]) == [
                    "nft  - ranges4 198.51.100.37 . udp . 20000-29999",
                    "nft  - marks4 198.51.100.37 . udp . 20000-29999 : 257",
                ])
            #expect(try site.weights(.mark) == [100])
        },
        KernelScenario("a service moved to another server drains the old one") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            #expect(
                try site.export(Row.web(2)) == [
                    "ipvs + real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 masq weight 100",
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 weight 100 -> 0",
                ])
        },
    ]

    static let draining = [
        KernelScenario("a server that leaves goes to weight 0 and is removed when it has no connections") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1), Row.web(2))
            #expect(
                try site.export(Row.web(1)) == [
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 weight 100 -> 0"
                ])
            #expect(try site.weights(.web) == [100, 0])
            #expect(try site.later(3) == ["ipvs - real server 198.51.100.36:80/tcp -> 10.1.0.12:8080"])
            #expect(try site.later(3).isEmpty)
            #expect(site.synchronizer.reconciler.drains.isEmpty)
        },
        KernelScenario("a server that comes back while it drains gets its weight again") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1), Row.web(2))
            try site.export(Row.web(1))
            #expect(
                try site.export(Row.web(1), Row.web(2)) == [
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 weight 0 -> 100"
                ])
            #expect(site.synchronizer.reconciler.drains.isEmpty)
            #expect(try site.later(100).isEmpty)
        },
        KernelScenario("a drain goes on after a restart") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1), Row.web(2))
            try site.export(Row.web(1))
            try site.restart()
            #expect(try site.export(Row.web(1)) == ["ipvs - real server 198.51.100.36:80/tcp -> 10.1.0.12:8080"])
        },
        KernelScenario("weight 0 in the export is the operator's: the server stays at 0, over a restart too") {
            kernel in
            let site = Site(kernel)
            try site.export(Row.web(1), Row.web(2, weight: 0))
            #expect(try site.later(1_000).isEmpty)
            try site.restart()
            #expect(try site.export(Row.web(1), Row.web(2, weight: 0)).isEmpty)
            #expect(try site.weights(.web) == [100, 0])
            #expect(
                try site.export(Row.web(1), Row.web(2)) == [
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 weight 0 -> 100"
                ])
        },
        KernelScenario("a service that leaves as a whole is admitted until its drain is over") { (kernel) throws in
            let site = Site(kernel)
            try site.export([Row.dns(1)] + Row.devices(1))
            #expect(
                try site.export(Row.dns(1)) == ["ipvs ~ real server mark 257 (IPv4) -> 10.1.0.11 weight 100 -> 0"])
            try site.restart()
            #expect(
                try site.export(Row.dns(1)) == [
                    "nft  - addresses4 198.51.100.37",
                    "nft  - ranges4 198.51.100.37 . tcp . 20000-29999",
                    "nft  - ranges4 198.51.100.37 . udp . 20000-29999",
                    "nft  - marks4 198.51.100.37 . tcp . 20000-29999 : 257",
                    "nft  - marks4 198.51.100.37 . udp . 20000-29999 : 257",
                    "ipvs - virtual service mark 257 (IPv4)",
                ])
            #expect(try site.later(3).isEmpty)
        },
        KernelScenario("a whole service that comes back while it drains is as before") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            try site.export()
            #expect(try site.weights(.web) == [0])
            #expect(
                try site.export(Row.web(1)) == [
                    "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.11:8080 weight 0 -> 100"
                ])
            #expect(site.synchronizer.reconciler.drains.isEmpty)
        },
        KernelScenario(
            "dh refuses whom it would send to a server that drains: it is removed at once, unless it is the last"
        ) {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1, scheduler: "dh"), Row.web(2, scheduler: "dh"))
            // Drained by an operator
            #expect(
                try site.export(Row.web(1, weight: 0, scheduler: "dh"), Row.web(2, scheduler: "dh")) == [
                    "ipvs - real server 198.51.100.36:80/tcp -> 10.1.0.11:8080"
                ])
            #expect(try site.later(3).isEmpty)
            // Nobody takes a new connection any more: what stands goes on.
            try site.export(Row.web(1, weight: 0, scheduler: "dh"), Row.web(2, weight: 0, scheduler: "dh"))
            #expect(try site.weights(.web) == [0, 0])
            #expect(try site.later(1_000).isEmpty)
            // Gone from the export
            try site.export(Row.web(1, scheduler: "dh"), Row.web(2, scheduler: "dh"))
            #expect(
                try site.export(Row.web(2, scheduler: "dh")) == [
                    "ipvs - real server 198.51.100.36:80/tcp -> 10.1.0.11:8080"
                ])
            #expect(site.synchronizer.reconciler.drains.isEmpty)
            // A service that leaves as a whole refuses nobody whom another server would take.
            try site.export()
            #expect(try site.weights(.web) == [0])
            #expect(site.synchronizer.reconciler.drains.count == 1)
        },
        KernelScenario("a service that becomes one of dh in mid-drain drains no longer, over a restart too") {
            (kernel) throws in
            for restarts in [false, true] {
                let site = Site(kernel)
                try site.export(Row.web(1), Row.web(2))
                try site.export(Row.web(1))
                #expect(site.synchronizer.reconciler.drains.count == 1)
                if restarts { try site.restart() }
                #expect(
                    try site.export(Row.web(1, scheduler: "dh")) == [
                        "ipvs ~ virtual service 198.51.100.36:80/tcp wlc -> dh",
                        "ipvs - real server 198.51.100.36:80/tcp -> 10.1.0.12:8080",
                    ])
                #expect(site.synchronizer.reconciler.drains.isEmpty)
                try site.export()
                _ = try site.later(3)
            }
        },
        KernelScenario("UDP under a mark of its own goes after a moment, TCP's mark beside it drains") {
            (kernel) throws in
            let site = Site(kernel)
            func rows(_ servers: Int...) -> [String] {
                servers.flatMap { server in
                    Row.devices(server).map { $0.contains(",udp,") ? $0.replacing(",257,", with: ",258,") : $0 }
                }
            }
            try site.export(rows(1, 2))
            #expect(
                try site.export(rows(1)) == [
                    "ipvs ~ real server mark 257 (IPv4) -> 10.1.0.12 weight 100 -> 0",
                    "ipvs ~ real server mark 258 (IPv4) -> 10.1.0.12 weight 100 -> 0",
                ])
            let deadlines = site.synchronizer.reconciler.drains.services.mapValues { $0.deadlines.values.first }
            #expect(deadlines == [.mark: site.now + Site.drainTime, .mark(258, .ipv4): site.now + 3])
        },
        KernelScenario("a server of UDP alone takes nothing new for a moment, then it goes; so does a whole service") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.dns(1), Row.dns(2))
            let lowered = "ipvs ~ real server 198.51.100.36:53/udp -> 10.1.0.12:53 weight 100 -> 0"
            #expect(try site.export(Row.dns(1)) == [lowered])
            #expect(site.synchronizer.reconciler.drains.count == 1)
            #expect(try site.later(3) == ["ipvs - real server 198.51.100.36:53/udp -> 10.1.0.12:53"])
            #expect(try site.export() == [lowered.replacing("10.1.0.12", with: "10.1.0.11")])
            #expect(
                try site.later(3) == [
                    "nft  - addresses4 198.51.100.36",
                    "nft  - ports4 198.51.100.36 . udp . 53",
                    "ipvs - virtual service 198.51.100.36:53/udp",
                ])
        },
        KernelScenario("without a drain time everything is removed at once") { (kernel) throws in
            let site = Site(kernel, drainTime: 0)
            try site.export(Row.web(1), Row.web(2), Row.dns(1), Row.dns(2))
            #expect(
                try site.export(Row.web(1), Row.dns(1)) == [
                    "ipvs - real server 198.51.100.36:80/tcp -> 10.1.0.12:8080",
                    "ipvs - real server 198.51.100.36:53/udp -> 10.1.0.12:53",
                ])
        },
        KernelScenario(
            "a section's own drain time goes before the gateway's, over a restart and when the section is gone"
        ) {
            (kernel) throws in
            let site = Site(kernel)
            let row = { (number: Int) in Row.web(number).replacing(",wlc,0,,", with: ",wlc,0,0,") }
            try site.export(row(1), row(2))
            #expect(
                try site.export(row(1)) == ["ipvs - real server 198.51.100.36:80/tcp -> 10.1.0.12:8080"])
            try site.restart()
            #expect(
                try site.export(Row.dns(1).replacing("198.51.100.36", with: "198.51.100.40")).suffix(2) == [
                    "nft  + ports4 198.51.100.40 . udp . 53", "ipvs - virtual service 198.51.100.36:80/tcp",
                ])
        },
        KernelScenario("of a service of UDP alone a server of weight 0 is none") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.dns(1), Row.dns(2))
            #expect(
                try site.export(Row.dns(1), Row.dns(2).replacing(",53,100", with: ",53,0")) == [
                    "ipvs ~ real server 198.51.100.36:53/udp -> 10.1.0.12:53 weight 100 -> 0"
                ])
            #expect(try site.later(3) == ["ipvs - real server 198.51.100.36:53/udp -> 10.1.0.12:53"])
            #expect(
                try site.export(Row.dns(1), Row.dns(2)) == [
                    "ipvs + real server 198.51.100.36:53/udp -> 10.1.0.12:53 masq weight 100"
                ])
        },
        KernelScenario("what the export wants goes before what a drain keeps") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.devices(1))
            #expect(
                try site.export(Row.devices(2, ports: "25000-34999", mark: 258, section: "other")) == [
                    "ipvs + virtual service mark 258 (IPv4) mh persistent 300",
                    "ipvs + real server mark 258 (IPv4) -> 10.1.0.12 masq weight 100",
                    "nft  - ranges4 198.51.100.37 . tcp . 20000-29999",
                    "nft  - ranges4 198.51.100.37 . udp . 20000-29999",
                    "nft  - marks4 198.51.100.37 . tcp . 20000-29999 : 257",
                    "nft  - marks4 198.51.100.37 . udp . 20000-29999 : 257",
                    "nft  + ranges4 198.51.100.37 . tcp . 25000-34999",
                    "nft  + ranges4 198.51.100.37 . udp . 25000-34999",
                    "nft  + marks4 198.51.100.37 . tcp . 25000-34999 : 258",
                    "nft  + marks4 198.51.100.37 . udp . 25000-34999 : 258",
                    "ipvs ~ real server mark 257 (IPv4) -> 10.1.0.11 weight 100 -> 0",
                ])
            #expect(try site.later(3) == ["ipvs - virtual service mark 257 (IPv4)"])
        },
    ]

    static let taking = [
        KernelScenario("a port out of a draining range has its own service at once") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.devices(1))
            let row = "x.1,x,tcp,tg-ip,198.51.100.37,25000,,masq,wlc,0,,,10.1.0.12,80,1"
            #expect(
                try site.export(row) == [
                    "ipvs + virtual service 198.51.100.37:25000/tcp wlc",
                    "ipvs + real server 198.51.100.37:25000/tcp -> 10.1.0.12:80 masq weight 1",
                    "nft  - ranges4 198.51.100.37 . tcp . 20000-29999",
                    "nft  - marks4 198.51.100.37 . tcp . 20000-29999 : 257",
                    "nft  + ports4 198.51.100.37 . tcp . 25000",
                    "ipvs ~ real server mark 257 (IPv4) -> 10.1.0.11 weight 100 -> 0",
                ])
        }
    ]

    private static let foreign = [
        IPVS.Command.addService(.address(IPAddress("192.0.2.9")!, .tcp, port: 80), .init(scheduler: "rr")),
        .addService(.mark(7, .ipv4), .init(scheduler: "rr")),
    ]

    static let ownership = [
        KernelScenario("services of others are left alone, by a load, a restart and a flush") { (kernel) throws in
            #expect(try kernel.apply(foreign).isEmpty)
            let site = Site(kernel)
            try site.export([Row.web(1)] + Row.devices(1))
            try site.restart()
            #expect(try site.export([Row.web(1)] + Row.devices(1)).isEmpty)
            let flush = try site.synchronizer.withdraw()
            #expect(
                flush.lines == [
                    "nft  - table inet portcullis", "ipvs - virtual service 198.51.100.36:80/tcp",
                    "ipvs - virtual service mark 257 (IPv4)",
                ])
            let everything = Ownership(
                addresses: [IPAddress("192.0.2.9")!, IPAddress("198.51.100.36")!], marks: 1...9_999)
            let left = try kernel.read(everything)
            #expect(
                Set(left.services.keys) == [.address(IPAddress("192.0.2.9")!, .tcp, port: 80), .mark(7, .ipv4)])
            #expect(left.table == nil)
        },
        KernelScenario("a service that stands on a public address already is taken over") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.dns(1).replacing("198.51.100.36", with: "198.51.100.40"))
            #expect(try kernel.apply([.addService(.web, .init(scheduler: "rr"))]).isEmpty)
            // It is refused as there already; the kernel is read again and the plan made anew.
            #expect(
                try site.export(Row.web(1), Row.dns(1).replacing("198.51.100.36", with: "198.51.100.40")).first
                    == "ipvs ~ virtual service 198.51.100.36:80/tcp rr -> wlc")
            #expect(try site.weights(.web) == [100])
        },
        KernelScenario("on our addresses what no export asked for is left alone; of our marks it is removed") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            let stray: [IPVS.Command] = [
                .addService(.address(IPAddress("198.51.100.36")!, .udp, port: 9), .init(scheduler: "rr")),
                .addService(.mark(300, .ipv4), .init(scheduler: "rr")),
            ]
            #expect(try kernel.apply(stray).isEmpty)
            try site.restart()
            #expect(try site.export(Row.web(1)) == ["ipvs - virtual service mark 300 (IPv4)"])
            #expect(
                site.synchronizer.reconciler.foreign == [.address(IPAddress("198.51.100.36")!, .udp, port: 9)])
            #expect(try site.later(3).isEmpty)
        },
        KernelScenario("a drain that was written down before a crash, and not begun, has its whole time") {
            (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1), Row.web(2))
            try site.export(Row.web(1))
            let server = IPVS.DestinationIdentity(address: IPAddress("10.1.0.12")!, port: 8080)
            // As if the crash had been before the weight was lowered.
            #expect(try kernel.apply([.setDestination(server, .init(weight: 100), of: .web)]).isEmpty)
            let next = Site(kernel, disk: site.disk, now: site.now + 10 * Site.drainTime)
            let lowered = "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.12:8080 weight 100 -> 0"
            #expect(try next.export(Row.web(1)) == [lowered])
            #expect(next.synchronizer.reconciler.drains.services[.web]?.deadlines[server] == next.now + Site.drainTime)
        },
        KernelScenario("a start without its state on a kernel in agreement finds nothing to do") { (kernel) throws in
            try Site(kernel).export(Row.web(1), Row.dns(1))
            let site = Site(kernel)
            // As the guard does, before there is an export: on our address, but nothing says whose they are.
            try site.synchronizer.readIfNeeded()
            #expect(site.synchronizer.reconciler.foreign.count == 2)
            #expect(try site.export(Row.web(1), Row.dns(1)).isEmpty)
            #expect(site.synchronizer.reconciler.foreign.isEmpty)
        },
        KernelScenario("a table that is gone is made anew with all its elements") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            try kernel.commit(TableChange(skeleton: .withdrawn))
            try site.restart()
            #expect(
                try site.export(Row.web(1)) == [
                    "nft  + table inet portcullis", "nft  + addresses4 198.51.100.36",
                    "nft  + ports4 198.51.100.36 . tcp . 80",
                ])
        },
        KernelScenario("elements that others took or put are repaired after the kernel was read") { (kernel) throws in
            let site = Site(kernel)
            try site.export(Row.web(1))
            let address = IPAddress("198.51.100.36")!
            try kernel.commit(
                TableChange(removed: [.port(address, .tcp, 80)], added: [.port(address, .tcp, 22)]))
            try site.restart()
            #expect(
                try site.export(Row.web(1)) == [
                    "nft  - ports4 198.51.100.36 . tcp . 22", "nft  + ports4 198.51.100.36 . tcp . 80",
                ])
        },
    ]

    static let refusals = [
        KernelScenario("IPVS refuses what is there, what is not, and unknown schedulers") { (kernel) throws in
            let server = IPVS.DestinationIdentity(address: IPAddress("10.1.0.11")!, port: 8080)
            let refusals = try kernel.apply([
                .addService(.web, .init(scheduler: "rr")),
                .addService(.web, .init(scheduler: "rr")),
                .setService(.mark, .init(scheduler: "rr")),
                .deleteService(.mark),
                .addService(.mark, .init(scheduler: "nonesuch")),
                .addDestination(server, .init(), to: .web),
                .addDestination(server, .init(), to: .web),
                .addDestination(server, .init(), to: .mark),
                .deleteDestination(server, of: .web),
                .setDestination(server, .init(), of: .web),
                .deleteDestination(server, of: .web),
            ])
            #expect(
                refusals.map { $0.error.errno?.rawValue } == [
                    17,  // EEXIST
                    3, 3,  // ESRCH
                    2,  // ENOENT
                    17, 3, 2, 2,
                ])
        },
        KernelScenario("a transaction with one impossible change changes nothing") { (kernel) throws in
            let address = IPAddress("198.51.100.37")!
            let range = TableElement.range(address, .tcp, PortRange(20000, 29999)!)
            try kernel.commit(TableChange(skeleton: .absent, added: [range]))
            let impossible = [
                TableChange(removed: [.port(address, .tcp, 80)], added: [.address(address)]),
                TableChange(
                    removed: [range],
                    added: [
                        .dnat(address, .tcp, 80, to: IPAddress("10.1.0.11")!, port: 80),
                        .dnat(address, .tcp, 80, to: IPAddress("10.1.0.12")!, port: 80),
                    ]),
            ]
            for change in impossible {
                #expect(throws: NetlinkError.self) { try kernel.commit(change) }
                #expect(try kernel.read(Ownership()).table?.elements == [range])
            }
        },
        KernelScenario("a table that is not there takes no elements") { (kernel) throws in
            #expect(throws: NetlinkError.self) {
                try kernel.commit(TableChange(added: [.address(IPAddress("198.51.100.37")!)]))
            }
        },
    ]
}
