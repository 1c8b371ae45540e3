import GatewayDaemon
import GatewaySync
import Netlink
import NetworkTypes
import ServicesExport
import Testing

extension KernelScenario {
    private static func rule(
        _ addresses: [String] = ["198.51.100.40"], name: String = "out", from sources: [String] = ["10.1.0.0/16"],
        except: [String] = []
    ) -> String {
        EgressRule(
            name: name, addressName: "out-ip", addresses: addresses.map { IPAddress($0)! },
            sources: sources.map { AddressPrefix($0)! }, exceptions: except.map { AddressPrefix($0)! }
        ).description
    }

    static let leaving = [
        KernelScenario("inside networks get a public address, and lose it with their rule") { (kernel) throws in
            let site = Site(kernel)
            #expect(
                try site.export(rule(except: ["10.0.0.0/8", "192.0.2.0/24"])) == [
                    "nft  + table inet portcullis", "nft  + addresses4 198.51.100.40", "nft  + inside4 10.1.0.0/16",
                    "nft  + exempt4 10.1.0.0/16 . 10.0.0.0/8", "nft  + exempt4 10.1.0.0/16 . 192.0.2.0/24",
                    "nft  + egress4 10.1.0.0/16 : 198.51.100.40",
                ])
            #expect(try site.repairs().isEmpty)
            #expect(
                try site.export(rule(["198.51.100.41"], except: ["10.0.0.0/8"])) == [
                    "nft  - addresses4 198.51.100.40", "nft  - exempt4 10.1.0.0/16 . 192.0.2.0/24",
                    "nft  - egress4 10.1.0.0/16 : 198.51.100.40", "nft  + addresses4 198.51.100.41",
                    "nft  + egress4 10.1.0.0/16 : 198.51.100.41",
                ])
            try site.export()
            #expect(try kernel.table()?.elements == [])
        },
        KernelScenario("a network with several public addresses is spread over them by hash") { (kernel) throws in
            let site = Site(kernel)
            let three = ["198.51.100.40", "198.51.100.41", "198.51.100.50"]
            #expect(
                try site.export(rule(three)).suffix(4) == [
                    "nft  + inside4 10.1.0.0/16", "nft  + spread4 10.1.0.0/16 . 0-21839 : 198.51.100.40",
                    "nft  + spread4 10.1.0.0/16 . 21840-43679 : 198.51.100.41",
                    "nft  + spread4 10.1.0.0/16 . 43680-65520 : 198.51.100.50",
                ])
            #expect(try site.repairs().isEmpty)
            // The ranges of two addresses are others than those of three.
            #expect(try site.export(rule(Array(three.prefix(2)))).contains("nft  - addresses4 198.51.100.50"))
            #expect(try site.repairs().isEmpty)
            #expect(try kernel.table()?.elements.count == 2 + 1 + 2)
        },
        KernelScenario("egress of both families stands beside services, and is repaired") { (kernel) throws in
            let site = Site(kernel)
            let rows = [
                rule(),
                rule(["2001:db8::40", "2001:db8::41"], name: "six", from: ["fd00:1::/64"], except: ["fd00::/16"]),
                ExportRow(
                    service: "www.1", section: "www", transport: .tcp, addressName: "ip",
                    addresses: [IPAddress("198.51.100.40")!], ports: [PortRange(80)!], method: .masq,
                    backendAddress: IPAddress("10.1.0.11")!, backendPort: 8080
                ).description,
            ]
            try site.export(rows)
            #expect(try site.repairs().isEmpty)
            let whole = try kernel.table()
            let inside = TableElement.inside(AddressPrefix("fd00:1::/64")!)
            try kernel.commit(TableChange(removed: [inside]))
            #expect(try site.audit() == ["nft  + inside6 fd00:1::/64"])
            try kernel.commit(TableChange(skeleton: .altered))
            try site.audit()
            #expect(try kernel.table() == whole)
            // The address stays, since the service has it too.
            let lines = try site.export(rows[2])
            #expect(lines.contains("nft  - egress4 10.1.0.0/16 : 198.51.100.40"))
            #expect(!lines.contains("nft  - addresses4 198.51.100.40"))
        },
        KernelScenario("networks are divided and joined again in one transaction") { (kernel) throws in
            let site = Site(kernel)
            try site.export(rule(from: ["10.1.0.0/16"], except: ["10.0.0.0/8"]))
            let halves = ["10.1.0.0/17", "10.1.128.0/17"]
            try site.export(
                rule(name: "a", from: [halves[0]], except: ["10.0.0.0/9", "10.128.0.0/9"]),
                rule(["198.51.100.41", "198.51.100.42"], name: "b", from: [halves[1]]))
            #expect(try site.repairs().isEmpty)
            try site.export(rule(from: ["10.0.0.0/15"]))
            #expect(
                try kernel.table()?.elements == [
                    .address(IPAddress("198.51.100.40")!), .inside(AddressPrefix("10.0.0.0/15")!),
                    .egress(AddressPrefix("10.0.0.0/15")!, slots: nil, by: IPAddress("198.51.100.40")!),
                ])
        },
    ]
}
