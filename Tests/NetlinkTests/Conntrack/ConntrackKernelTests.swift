import Netlink
import NetworkTypes
import Testing

/// The kernel of this machine, in a network namespace of each test's own; `conntrack` makes the flows and is the
/// witness.
@Suite("conntrack on a real kernel")
struct ConntrackKernelTests {
    private static func address(_ text: String) -> IPAddress { IPAddress(text)! }

    private static let syslog = Conntrack.Destination(address("198.51.100.36"), .udp, port: 514)
    private static let web = Conntrack.Destination(address("198.51.100.36"), .tcp, port: 80)
    private static let dns6 = Conntrack.Destination(address("2001:db8::36"), .udp, port: 53)

    /// What `make` makes, by name.
    private static let flows: [String: Conntrack.Flow] = [
        "translated": .init(
            from: address("203.0.113.10"), port: 4711, to: syslog, server: address("10.1.0.31"), serverPort: 5514,
            isTranslated: true),
        "plain": .init(
            from: address("203.0.113.11"), port: 4712, to: syslog, server: address("198.51.100.36"), serverPort: 514,
            isTranslated: false),
        "established": .init(
            from: address("203.0.113.10"), port: 4713, to: web, server: address("10.1.0.31"), serverPort: 8080,
            isTranslated: true),
        "ended": .init(
            from: address("203.0.113.10"), port: 4714, to: web, server: address("10.1.0.31"), serverPort: 8080,
            isTranslated: true, hasEnded: true),
        "IPv6": .init(
            from: address("2001:db8:1::10"), port: 4715, to: dns6, server: address("fd00::11"), serverPort: 53,
            isTranslated: true),
        "in a zone": .init(
            from: address("203.0.113.12"), port: 4716, to: syslog, server: address("198.51.100.36"), serverPort: 514,
            isTranslated: false, zone: 7),
    ]

    private static func make() throws {
        let from = "-s 203.0.113.10 -d 198.51.100.36"
        for words in [
            "-p udp \(from) --sport 4711 --dport 514 --dst-nat 10.1.0.31:5514",
            "-p udp -s 203.0.113.11 -d 198.51.100.36 --sport 4712 --dport 514",
            "-p tcp \(from) --sport 4713 --dport 80 --dst-nat 10.1.0.31:8080 --state ESTABLISHED",
            "-p tcp \(from) --sport 4714 --dport 80 --dst-nat 10.1.0.31:8080 --state TIME_WAIT",
            "-p udp -s 2001:db8:1::10 -d 2001:db8::36 --sport 4715 --dport 53 --dst-nat [fd00::11]:53",
            "-p udp -s 203.0.113.12 -d 198.51.100.36 --sport 4716 --dport 514 --zone 7",
            "-p icmp -s 203.0.113.10 -d 198.51.100.36 --icmp-type 8 --icmp-code 0 --icmp-id 9",
        ] {
            try NetworkNamespace.shell("conntrack -I \(words) --timeout 600")
        }
    }

    /// Without the kernel's number, which is another each time.
    private static func plain(_ flows: [Conntrack.Flow]) -> Set<Conntrack.Flow> {
        Set(
            flows.map { flow in
                var flow = flow
                flow.id = 0
                return flow
            })
    }

    @Test("the flows of a family read as they were made; what has no ports is left out")
    func family() async throws {
        let (found4, found6) = try await NetworkNamespace.run {
            try Self.make()
            let connection = try Conntrack.Connection()
            return (try connection.flows(.ipv4).collect(), try connection.flows(.ipv6).collect())
        }
        #expect(Self.plain(found4) == Set(Self.flows.values.filter { $0.source.family == .ipv4 }))
        #expect(Self.plain(found6) == [Self.flows["IPv6"]])
        #expect(Set(found4.map(\.id)).count == found4.count)
    }

    @Test("the kernel hands out the flows to one destination alone")
    func destination() async throws {
        let found = try await NetworkNamespace.run {
            try Self.make()
            let connection = try Conntrack.Connection()
            return [
                try connection.flows(to: Self.syslog).collect(), try connection.flows(to: Self.web).collect(),
                try connection.flows(to: Self.dns6).collect(),
            ]
        }
        #expect(
            found.map(Self.plain) == [
                Set(["translated", "plain", "in a zone"].map { Self.flows[$0]! }),
                Set(["established", "ended"].map { Self.flows[$0]! }), [Self.flows["IPv6"]!],
            ])
    }

    @Test("a flow is deleted by itself, in its zone, and not in place of a later one")
    func delete() async throws {
        let (deleted, again, left) = try await NetworkNamespace.run {
            try Self.make()
            let connection = try Conntrack.Connection()
            let all = try connection.flows(.ipv4).collect() + connection.flows(.ipv6).collect()
            // Not inside the macro: its closure's symbol would be that of the next closure here (Swift 6.3.1).
            let established = all.first { $0.sourcePort == 4713 }
            var stale = try #require(established)
            stale.id &+= 1
            let doomed = all.filter { [4711, 4715, 4716].contains($0.sourcePort) }
            return (
                try connection.delete([stale] + doomed), try connection.delete(doomed + [stale]),
                try NetworkNamespace.shell("conntrack -L -o extended 2>/dev/null")
            )
        }
        #expect((deleted, again) == (3, 0))
        let ports = [4711, 4712, 4713, 4714, 4715, 4716].filter { left.contains("sport=\($0) ") }
        #expect(ports == [4712, 4713, 4714])
    }

    @Test("more flows are deleted than go into one request")
    func many() async throws {
        let (deleted, left) = try await NetworkNamespace.run {
            let lines = (1...2_500).map {
                "-A -t 600 -u SEEN_REPLY -p udp -s 203.0.113.10 -d 198.51.100.36 -r 198.51.100.36 -q 203.0.113.10 "
                    + "--sport \($0) --dport 514 --reply-port-src 514 --reply-port-dst \($0)"
            }
            try NetworkNamespace.shell("conntrack -R /proc/self/fd/0", input: lines.joined(separator: "\n") + "\n")
            let connection = try Conntrack.Connection()
            let flows = try connection.flows(to: Self.syslog).collect()
            return (try connection.delete(flows), try connection.flows(.ipv4).collect().count)
        }
        #expect((deleted, left) == (2_500, 0))
    }
}
