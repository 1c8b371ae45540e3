import GatewayDaemon
import GatewaySync
import GatewayTestSupport
import Netlink
import NetworkTypes
import ServicesExport
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
            // It had no limits, no hairpin and no egress either.
            let later = ["open4", "open6", "translate4", "translate6", "postrouting", "leave4", "leave6"]
            for chain in later {
                earlier.flush(chain: chain)
                for rule in PortcullisTable.rules where rule.expressions.contains(.verdict(.goto(chain))) {
                    earlier.flush(chain: rule.chain)
                }
            }
            for chain in later { earlier.append(.deleteChain(chain)) }
            earlier.flush(chain: "nat")
            for kind in [
                PortcullisTable.Kind.limits, .dnatlimits, .hairpins, .inside, .exempt, .egress, .spread,
            ] {
                for family in AddressFamily.allCases {
                    earlier.append(.deleteSet(PortcullisTable.set(kind, family).name))
                }
            }
            earlier.append(.deleteCounter(PortcullisTable.limitedCounter))
            earlier.append(.deleteCounter(PortcullisTable.unmeteredCounter))
            try Nftables.Connection().commit(earlier)

            #expect(try kernel.read(Ownership()).table?.shape == .rulesAltered(strangers: []))
            let site = Site(kernel)
            try site.export(
                "tg.1,devices,udp,tg-ip,198.51.100.36,30000-61000,257,masq,mh,0,,,10.1.0.11,,1")
            #expect(try kernel.read(Ownership()).table == KernelState.Table(elements: Set(elements)))
        }
    }

    @Test("a limit's rules are made anew around its meter; without its meter, or after another chain, the table is")
    func limits() async throws {
        try await NetworkNamespace.run {
            let kernel = try TableKernel()
            let address = IPAddress("198.51.100.36")!
            let ports = PortRange(20000, 29999)!
            let limiter = ConnectionLimiter(
                address: address, transport: .udp, port: 20000,
                source: SourceLimit("rate=100/s burst=200 connections=50 prefix=24"), maximumRate: 5_000)
            let elements: [TableElement] = [
                .address(address), .range(address, .udp, ports),
                .limit(address, .udp, ports, limiter, isTranslated: false),
                .hairpin(address, .udp, ports, AddressPrefix("10.1.0.0/16")!),
                .inside(AddressPrefix("10.1.0.0/16")!),
                .exempt(AddressPrefix("10.1.0.0/16")!, to: AddressPrefix("10.0.0.0/8")!),
                .egress(AddressPrefix("10.1.0.0/16")!, slots: nil, by: address),
                .egress(AddressPrefix("fd00:1::/64")!, slots: 0...32_767, by: IPAddress("2001:db8::36")!),
            ]
            try kernel.commit(TableChange(skeleton: .absent, added: elements))
            let whole = KernelState.Table(elements: Set(elements))
            #expect(whole.limiters == [limiter])
            #expect(try kernel.read(Ownership()).table == whole)

            for damage in ["flush chain", "add rule", "delete rule"] {
                let words = damage == "add rule" ? "accept" : ""
                let place =
                    damage == "delete rule"
                    ? "handle $(nft -a list chain inet portcullis \(limiter.name) | grep -o 'handle [0-9]*' | tail -1 | cut -d' ' -f2)"
                    : words
                try NetworkNamespace.shell("nft \(damage) inet portcullis \(limiter.name) \(place)")
                #expect(try kernel.read(Ownership()).table?.shape == .rulesAltered(strangers: []), "\(damage)")
                try kernel.commit(
                    TableChange(skeleton: .rules(strangers: []), limiters: .init(kept: [limiter])))
                #expect(try kernel.read(Ownership()).table == whole, "\(damage)")
            }

            // nft reads what it lists of ours, as who saves the rule set of a host relies on.
            try NetworkNamespace.shell(
                "saved=$(nft list table inet portcullis) && printf 'delete table inet portcullis\\n%s\\n' \"$saved\" | nft -f -"
            )
            try kernel.commit(TableChange(skeleton: .altered, added: elements))

            // Somebody has taken the meter away, and let the ports lead to a chain of their own.
            for damage in [
                "flush chain inet portcullis \(limiter.name); delete set inet portcullis \(limiter.name)",
                """
                add chain inet portcullis other; add element inet portcullis limits4 \
                { 198.51.100.36 . tcp . 80 : jump other }
                """,
                "add set inet portcullis limit-198.51.100.36-tcp-80-r5s-b5 { type ipv4_addr; flags dynamic; }",
            ] {
                try NetworkNamespace.shell("nft '\(damage)'")
                #expect(try kernel.read(Ownership()).table?.shape == .altered, "\(damage)")
                try kernel.commit(TableChange(skeleton: .altered, added: elements))
                #expect(try kernel.read(Ownership()).table == whole, "\(damage)")
            }
        }
    }

    @Test("limits come, change and go without touching others, each in one transaction")
    func limitChanges() async throws {
        try await NetworkNamespace.run {
            let kernel = try TableKernel()
            let site = Site(kernel)
            func row(_ port: UInt16, _ limit: String?, maximumRate: Int = 0) -> String {
                ExportRow(
                    service: "www.1", section: "www\(port)", transport: .tcp, addressName: "ip",
                    addresses: [IPAddress("198.51.100.36")!], ports: [PortRange(port)!],
                    options: ConnectionOptions(maximumRate: maximumRate, limit: limit.flatMap { SourceLimit($0) }),
                    backendAddress: IPAddress("10.1.0.11")!, backendPort: 8080
                ).description
            }
            func chains() throws -> [String] {
                let limiters = try kernel.read(Ownership()).table?.limiters ?? []
                return limiters.map(\.name).sorted()
            }
            try site.export(row(80, "rate=100/s"), row(81, nil, maximumRate: 5))
            #expect(try chains() == ["limit-198.51.100.36-tcp-80-r100s-b100", "limit-198.51.100.36-tcp-81-t5"])
            func handles() throws -> [UInt64]? {
                try Nftables.Connection().snapshot(of: PortcullisTable.table)?.rules
                    .filter { $0.rule.chain == "limit-198.51.100.36-tcp-81-t5" }.map(\.handle)
            }
            let before = try handles()
            let lines = try site.export(row(80, "rate=50/s"), row(81, nil, maximumRate: 5))
            #expect(
                lines == [
                    "nft  + chain limit-198.51.100.36-tcp-80-r50s-b50",
                    "nft  - limits4 198.51.100.36 . tcp . 80 : jump limit-198.51.100.36-tcp-80-r100s-b100",
                    "nft  + limits4 198.51.100.36 . tcp . 80 : jump limit-198.51.100.36-tcp-80-r50s-b50",
                    "nft  - chain limit-198.51.100.36-tcp-80-r100s-b100",
                ])
            #expect(try handles() == before)
            #expect(try site.audit().filter { $0.hasPrefix("nft") } == [])
            try site.export(row(80, nil), row(81, nil, maximumRate: 5))
            #expect(try chains() == ["limit-198.51.100.36-tcp-81-t5"])
            try site.export(row(81, nil))
            #expect(try chains().isEmpty)
            #expect(try kernel.read(Ownership()).table?.elements.contains { $0.limiter != nil } == false)
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
