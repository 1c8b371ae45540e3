import GatewayDaemon
import GatewaySync
import GatewayTestSupport
import Netlink
import NetworkTypes
import Testing

/// On the host's kernel, in a namespace of their own.
@Suite struct TableRepairTests {
    @Test("rules are made anew, a missing chain is back, chains of strangers go, and the elements stay")
    func rules() async throws {
        try await NetworkNamespace.run {
            let kernel = try TableKernel()
            let address = IPAddress("198.51.100.36")!
            let elements: [TableElement] = [
                .address(address), .port(address, .tcp, 80), .range(address, .udp, PortRange(20000, 29999)!),
                .mark(address, .udp, PortRange(20000, 29999)!, 257),
            ]
            try kernel.commit(TableChange(skeleton: .absent, added: elements))

            var damage = Nftables.Transaction(on: PortcullisTable.table)
            damage.add(Nftables.Chain(name: "stray", hook: .init(.filter, .input, priority: .filter)))
            damage.add(Nftables.Chain(name: "other"))
            damage.add(Nftables.Rule(in: "stray", .jump("other")))
            damage.add(Nftables.Rule(in: "admit4", .jump("other")))
            damage.flush(chain: "nat")
            damage.append(.deleteChain("nat"))
            try Nftables.Connection().commit(damage)

            let found = try kernel.read(Ownership()).table
            #expect(found?.shape == .rulesAltered(strangers: ["other", "stray"]))
            #expect(found?.elements == Set(elements))
            try kernel.commit(
                TableChange(skeleton: .rules(strangers: ["other", "stray"]), added: [.port(address, .tcp, 443)]))
            let repaired = try kernel.read(Ownership()).table
            #expect(repaired == KernelState.Table(elements: Set(elements).union([.port(address, .tcp, 443)])))
        }
    }

    @Test("the rules of an earlier version are made anew around the sets, which stay")
    func upgrade() async throws {
        try await NetworkNamespace.run {
            let kernel = try TableKernel()
            let address = IPAddress("198.51.100.36")!
            let ports = PortRange(30000, 61000)!
            let elements: [TableElement] = [
                .address(address), .range(address, .udp, ports), .mark(address, .udp, ports, 257),
            ]
            try kernel.commit(TableChange(skeleton: .absent, added: elements))
            var earlier = Nftables.Transaction(on: PortcullisTable.table)
            for chain in PortcullisTable.chains { earlier.flush(chain: chain.name) }
            // Marks for replies, too; whatever conntrack knows admitted before anything else.
            for rule in PortcullisTable.rules where !rule.expressions.contains(where: \.looksAtConntrack) {
                if rule.chain.hasPrefix("admit"), rule.expressions.contains(.verdict(.accept)) { continue }
                earlier.add(rule)
            }
            earlier.add(Nftables.Rule(in: "admit4", .connectionState([.established, .related]), .accept))
            try Nftables.Connection().commit(earlier)

            #expect(try kernel.read(Ownership()).table?.shape == .rulesAltered(strangers: []))
            let site = Site(kernel)
            try site.export(
                "tg.1,devices,udp,tg-ip,198.51.100.36,30000-61000,257,masq,mh,0,,,10.1.0.11,,1")
            #expect(try kernel.read(Ownership()).table == KernelState.Table(elements: Set(elements)))
        }
    }

    @Test("a hook that is another, or a set too many, has the table made anew")
    func table() async throws {
        try await NetworkNamespace.run {
            let kernel = try TableKernel()
            let damages: [(inout Nftables.Transaction) -> Void] = [
                {
                    $0.flush(chain: "input")
                    $0.append(.deleteChain("input"))
                    $0.add(Nftables.Chain(name: "input", hook: .init(.filter, .input, priority: .mangle)))
                },
                { $0.add(Nftables.SetDefinition(name: "more", key: [.ipv4Address])) },
            ]
            for damage in damages {
                try kernel.commit(TableChange(skeleton: .altered))
                #expect(try kernel.read(Ownership()).table == KernelState.Table())
                var transaction = Nftables.Transaction(on: PortcullisTable.table)
                damage(&transaction)
                try Nftables.Connection().commit(transaction)
                #expect(try kernel.read(Ownership()).table?.shape == .altered)
            }
        }
    }

    @Test("an element that stands for all other keys has the table made anew: it admits, or marks, everything")
    func catchAll() async throws {
        try await NetworkNamespace.run {
            let kernel = try TableKernel()
            let address = IPAddress("198.51.100.36")!
            let elements: [TableElement] = [.address(address), .port(address, .tcp, 80)]
            for damage in ["ports4 { * }", "ranges6 { * }", "sources4 { * }", "marks4 { * : 257 }"] {
                try kernel.commit(TableChange(skeleton: .altered, added: elements))
                try NetworkNamespace.shell("nft 'add element inet portcullis \(damage)'")
                #expect(try kernel.read(Ownership()).table?.shape == .altered, "\(damage)")
                try kernel.commit(TableChange(skeleton: .altered, added: elements))
                #expect(try kernel.read(Ownership()).table == KernelState.Table(elements: Set(elements)), "\(damage)")
            }
        }
    }

    @Test("a chain that belongs to a rule goes with it: it has a name, but cannot be flushed or deleted by that")
    func boundChains() async throws {
        try await NetworkNamespace.run {
            let kernel = try TableKernel()
            let element = TableElement.address(IPAddress("198.51.100.36")!)
            try kernel.commit(TableChange(skeleton: .absent, added: [element]))
            for damage in [
                "insert rule inet portcullis admit4 jump { drop; }",
                "add rule inet portcullis input goto { tcp dport 22 accept; }",
                "add chain inet portcullis stray; add rule inet portcullis stray jump { drop; }",
            ] {
                try NetworkNamespace.shell("nft '\(damage)'")
                let found = try #require(try kernel.read(Ownership()).table)
                guard case .rulesAltered(let strangers) = found.shape else {
                    Issue.record("\(damage): \(found.shape)")
                    continue
                }
                #expect(strangers == (damage.contains("stray") ? ["stray"] : []))
                try kernel.commit(TableChange(skeleton: .rules(strangers: strangers)))
                #expect(try kernel.read(Ownership()).table == KernelState.Table(elements: [element]), "\(damage)")
            }
        }
    }
}

extension Nftables.Expression {
    fileprivate var looksAtConntrack: Bool { if case .loadConnection = self { true } else { false } }
}
