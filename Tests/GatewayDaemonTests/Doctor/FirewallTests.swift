import Netlink
import NetworkTypes
import ServicesExport
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

/// Rulesets as `nft` makes them, read back from the kernel of this machine in a network namespace of each test's own.
@Suite("doctor and others' firewalls") struct FirewallTests {
    private static let prelude = """
        ip link add public0 type veth peer name client; ip link add inside type veth peer name app1
        ip link set public0 up; ip link set inside up; ip link set client up; ip link set app1 up
        ip addr add 198.51.100.36/24 dev public0; ip addr add 10.1.0.1/24 dev inside
        ip route add default via 198.51.100.1
        """

    /// What the firewall check finds beside the ruleset, and after each remedy was run.
    private func check(
        _ ruleset: String, _ lines: [String] = [Row.web(1)], expect: [(Finding.Severity, String)],
        _ isMended: Bool = true
    ) async throws {
        let bytes = ServicesCSV.file(of: lines)
        try await NetworkNamespace.run {
            try NetworkNamespace.shell(Self.prelude)
            // nft ends a block at the start of a line only.
            try NetworkNamespace.shell("nft -f - <<'END'\n\(ruleset.replacing("} }", with: "}\n}"))\nEND")
            let traffic = ServedTraffic(try ServicesDocument(parsing: bytes).groups)
            let found = Doctor.firewalls(try HostSnapshot.read(for: traffic), traffic)
            #expect(found.map(\.severity) == expect.map(\.0), "\(found)")
            for (finding, (_, text)) in zip(found, expect) {
                #expect(finding.text.contains(text), "\(finding.text)")
                try NetworkNamespace.shell(try #require(finding.remedy))
            }
            guard isMended else { return }
            let left = Doctor.firewalls(try HostSnapshot.read(for: traffic), traffic)
            #expect(left.isEmpty, "\(left)")
        }
    }

    @Test("a set with an element for all other keys is none whose keys can be looked up")
    func catchAll() async throws {
        try await check(
            """
            table inet host {
              set servers { type ipv4_addr; elements = { * }
              }
              chain forward { type filter hook forward priority filter; policy drop; ip saddr @servers accept; } }
            """,
            expect: [(.warning, "chain inet host forward may drop answers of 10.1.0.11:8080/tcp: its policy is drop")])
    }

    @Test("chains of an interface's ingress and of bridges are named as not looked at")
    func unfollowed() async throws {
        try await NetworkNamespace.run {
            try NetworkNamespace.shell(Self.prelude)
            for ruleset in [
                "add table netdev early; add chain netdev early first { type filter hook ingress device public0 priority 0; }",
                "add table inet host; add chain inet host second { type filter hook ingress device inside priority 0; }",
                "add table bridge ports; add chain bridge ports third { type filter hook forward priority 0; policy drop; }",
                "add table arp names; add chain arp names fourth { type filter hook input priority 0; }",
            ] {
                try NetworkNamespace.shell("nft '\(ruleset)'")
            }
            let unseen = try HostSnapshot.read(for: ServedTraffic([])).unseen.filter { $0.hasPrefix("table ") }.sorted()
            #expect(
                unseen == [
                    "table bridge ports: what third drops at an interface or a bridge, before other tables",
                    "table inet host: what second drops at an interface or a bridge, before other tables",
                    "table netdev early: what first drops at an interface or a bridge, before other tables",
                ])
        }
    }

    @Test("a forward chain with policy drop that accepts only what conntrack knows")
    func policyDrop() async throws {
        try await check(
            """
            table inet host { chain forward { type filter hook forward priority filter; policy drop;
                ct state established,related accept; } }
            """,
            expect: [
                (.stops, "chain inet host forward drops answers of 10.1.0.11:8080/tcp: its policy is drop")
            ])
    }

    @Test(
        "`ct state invalid drop` in the way of masqueraded answers, also in a map of verdicts and in a chain jumped to")
    func invalid() async throws {
        try await check(
            """
            table inet host { chain forward { type filter hook forward priority filter;
                ct state invalid counter drop; } }
            """,
            expect: [(.stops, "rule 1 of its chain forward drops them; conntrack does not know IPVS' packets")])
        try await check(
            """
            table inet host {
                chain states { ct state vmap { established : accept, related : accept, invalid : drop } }
                chain forward { type filter hook forward priority filter; policy accept; jump states; } }
            """, expect: [(.stops, "rule 1 of its chain states drops them")])
        // UDP's answers are new to conntrack, not invalid.
        try await check(
            "table ip host { chain forward { type filter hook forward priority filter; ct state invalid drop; } }",
            [Row.dns(1)], expect: [])
    }

    @Test("an input chain that does not accept the public ports, an output chain that does not accept the servers")
    func inputAndOutput() async throws {
        try await check(
            """
            table inet host {
                chain in { type filter hook input priority filter; policy drop;
                    iifname "lo" accept; tcp dport { 22, 443 } accept; }
                chain out { type filter hook output priority filter; policy drop; ip daddr 198.51.100.0/24 accept; } }
            """,
            expect: [
                (.stops, "chain inet host in drops packets to 198.51.100.36:80/tcp"),
                (.stops, "chain inet host out drops packets to the real server 10.1.0.11:8080/tcp"),
            ])
    }

    @Test("what accepts our packets, by address, port, interface, set or map, is no finding")
    func accepted() async throws {
        for rule in [
            "ip saddr 10.1.0.0/24 accept", "iifname \"inside\" accept", "iif inside oif public0 accept",
            "tcp sport 8080 accept", "tcp sport { 80, 8080 } accept", "tcp sport vmap { 8080 : accept }",
            "meta l4proto tcp accept", "tcp flags & (syn|ack) == syn|ack accept", "ct state invalid,untracked accept",
            "ip saddr . tcp sport { 10.1.0.11 . 8080 } accept", "jump ours",
        ] {
            try await check(
                """
                table inet host { chain ours { ip saddr != 10.1.0.0/24 return; accept; }
                    chain forward { type filter hook forward priority filter; policy drop; counter; \(rule); } }
                """, expect: [])
        }
    }

    @Test("what accepts others only is none of ours; what cannot be told is a warning")
    func others() async throws {
        for rule in [
            "iifname \"docker0\" accept", "ip saddr 10.2.0.0/16 accept", "tcp dport 8080 ct state established accept",
        ] {
            try await check(
                "table inet host { chain forward { type filter hook forward priority filter; policy drop; \(rule); } }",
                expect: [(.stops, "its policy is drop")])
        }
        try await check(
            """
            table inet host { set some { type ipv4_addr; flags interval; elements = { 10.1.0.0/16 } }
                chain forward { type filter hook forward priority filter; policy drop; ip saddr @some accept; } }
            """, expect: [(.warning, "may drop answers of 10.1.0.11:8080/tcp")])
    }

    @Test("a dormant table, one of another family, and ours are nobody's trouble")
    func unconcerned() async throws {
        try await check(
            """
            table inet off { flags dormant; chain forward { type filter hook forward priority filter; policy drop; } }
            table ip6 host { chain forward { type filter hook forward priority filter; policy drop; } }
            table inet portcullis { chain forward { type filter hook forward priority filter; policy drop; } }
            """, expect: [])
    }

    @Test("destination NAT is forwarded both ways")
    func destinationNAT() async throws {
        try await check(
            """
            table inet host { chain forward { type filter hook forward priority filter; policy drop;
                ct state established accept; } }
            """, [Row.logger(1)],
            expect: [(.stops, "drops packets to the real server 10.1.0.31:5514/udp")])
    }

    @Test("`ct status dnat accept` in forward accepts flows under destination NAT, and none of IPVS")
    func translatedStatus() async throws {
        func ruleset(_ rule: String) -> String {
            "table inet host { chain forward { type filter hook forward priority filter; policy drop; \(rule); } }"
        }
        try await check(ruleset("ct status dnat accept"), [Row.logger(1)], expect: [])
        // Another bit may be set or not.
        try await check(
            ruleset("ct status assured accept"), [Row.logger(1)],
            expect: [(.warning, "may drop packets to the real server 10.1.0.31:5514/udp")], false)
        try await check(ruleset("ct status dnat accept"), expect: [(.stops, "drops answers of 10.1.0.11:8080/tcp")])
    }

    @Test("`ct state invalid drop` before the rule that accepts the public port: connections open, but do not close")
    func lateFIN() async throws {
        func input(_ rules: String) -> String {
            "table inet host { chain in { type filter hook input priority filter; policy drop; \(rules); } }"
        }
        let text = "chain inet host in drops late FINs to 198.51.100.36:80/tcp: "
        let end = "; conntrack does not know IPVS' packets (ct state invalid); connections open, but stay in FIN_WAIT"
        try await check(
            input("ct state established,related accept; ct state invalid drop; tcp dport 80 accept"),
            expect: [(.warning, text + "rule 2 of its chain in drops them" + end)])
        try await check(
            input("ct state new tcp dport 80 accept"),
            expect: [(.warning, text + "its policy is drop, and no rule accepts them" + end)])
        try await check(input("tcp dport 80 accept; ct state invalid drop"), expect: [])
    }
}
