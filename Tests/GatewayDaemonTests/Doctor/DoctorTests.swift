import AdminClient
import Netlink
import NetworkTypes
import ServicesExport
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

/// A host on which all is well, and what it is to carry.
enum Host {
    static func address(_ text: String) -> IPAddress { IPAddress(text)! }

    static let outside = HostSnapshot.Interface(
        index: 2, name: "public0", addresses: [address("198.51.100.36"), address("2001:db8::36")])
    static let inside = HostSnapshot.Interface(
        index: 3, name: "inside", addresses: [address("10.1.0.1"), address("fd00::1")])

    static func traffic(_ lines: String..., role: GatewayRole = .active) throws -> ServedTraffic {
        let bytes = ServicesCSV.file(of: lines)
        return ServedTraffic(try ServicesDocument(parsing: bytes).groups, role: role)
    }

    static func healthy(_ traffic: ServedTraffic) -> HostSnapshot {
        var host = HostSnapshot()
        host.interfaces = [outside, inside]
        host.sysctls = [
            "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1",
            "net.ipv4.ip_local_port_range": "32768 60999", "net.ipv4.ip_local_reserved_ports": "",
            "net.ipv4.conf.inside.forwarding": "1", "net.ipv6.conf.inside.forwarding": "1",
        ]
        host.conntrack = ConntrackUsage(entries: 100, limit: 1_000)
        host.modules = HostSnapshot.Modules(
            loaded: ["ip_vs", "nf_tables", "nf_conntrack", "ip_vs_wlc"], loadable: ["ip_vs_mh", "ip_vs_rr"])
        for address in traffic.publicAddresses { host.paths[address] = Route.Path(kind: .local, linkIndex: 1) }
        for server in traffic.servers { host.paths[server.address] = Route.Path(kind: .unicast, linkIndex: 3) }
        for family in AddressFamily.allCases { host.defaultPaths[family] = Route.Path(kind: .unicast, linkIndex: 2) }
        return host
    }

    static func direct(_ method: String) -> String {
        "pgw.1,http,tcp,www-ip,198.51.100.36,80,,\(method),wlc,0,,,10.1.0.11,80,100"
    }
}

@Suite("doctor") struct DoctorTests {
    /// What is found on a host that is well but for one thing.
    private func findings(
        _ lines: String..., role: GatewayRole = .active, but change: (inout HostSnapshot) -> Void
    ) throws -> [Finding] {
        let bytes = ServicesCSV.file(of: lines)
        let traffic = ServedTraffic(try ServicesDocument(parsing: bytes).groups, role: role)
        var host = Host.healthy(traffic)
        change(&host)
        return Doctor.examine(host, traffic)
    }

    @Test("where all is well nothing is found")
    func healthy() throws {
        #expect(try findings(Row.web(1), Row.web6(1), Row.dns(1), Row.logger(1)) { _ in }.isEmpty)
        #expect(try findings { $0.sysctls["net.ipv4.ip_forward"] = "0" }.isEmpty)
    }

    @Test("a setting of IPVS that is not as it must be, ours or not")
    func settings() throws {
        var traffic = try Host.traffic(Row.web(1))
        let configuration = GatewayConfiguration(name: "gw1")
        traffic.requirements = SettingRequirement.all(configuration, forwarding: [.ipv4])
        var host = Host.healthy(traffic)
        host.settings = KernelSettings(
            sysctls: [
                "net.ipv4.vs.expire_nodest_conn": "0", "net.ipv4.vs.conn_reuse_mode": "1",
                "net.ipv4.vs.drop_entry": "3",
                "net.ipv4.ip_forward": "0",
            ], timeouts: configuration.timeouts)
        let found = Doctor.settings(host, traffic)
        #expect(found.map(\.severity) == [.warning, .warning])
        #expect(
            found.map(\.remedy) == [
                "sysctl -w net.ipv4.vs.expire_nodest_conn=1", "sysctl -w net.ipv4.vs.drop_entry=0",
            ])
    }

    @Test("forwarding that is off, as a whole or on the servers' interface, where answers come back here")
    func forwarding() throws {
        let all = try findings(Row.web(1), Row.web6(1)) { $0.sysctls["net.ipv4.ip_forward"] = "0" }
        #expect(all.map(\.remedy) == ["sysctl -w net.ipv4.ip_forward=1"] && all.map(\.severity) == [.stops])
        let one = try findings(Row.web6(1)) { $0.sysctls["net.ipv6.conf.inside.forwarding"] = "0" }
        #expect(one.map(\.remedy) == ["sysctl -w net/ipv6/conf/inside/forwarding=1"])
        #expect(try findings(Host.direct("direct")) { $0.sysctls["net.ipv4.ip_forward"] = "0" }.isEmpty)
    }

    @Test("a strict reverse path filter where the way back to clients is another, and only there")
    func reversePath() throws {
        for (name, isFound) in [("all", true), ("public0", true), ("inside", false)] {
            let found = try findings(Row.web(1)) {
                $0.sysctls["net.ipv4.conf.\(name).rp_filter"] = "1"
                $0.defaultPaths[.ipv4]?.linkIndex = 3
            }
            #expect(found.map(\.check) == (isFound ? ["reverse-path"] : []), "\(name)")
        }
        #expect(try findings(Row.web(1)) { $0.sysctls["net.ipv4.conf.all.rp_filter"] = "1" }.isEmpty)
        let loose = try findings(Row.web(1)) {
            $0.sysctls["net.ipv4.conf.all.rp_filter"] = "2"
            $0.sysctls["net.ipv4.conf.public0.rp_filter"] = "1"
            $0.defaultPaths[.ipv4]?.linkIndex = 3
        }
        #expect(loose.isEmpty)
    }

    @Test("a real server without a route, or at an address of this machine")
    func routes() throws {
        let none = try findings(Row.web(1)) { $0.paths[Host.address("10.1.0.11")] = nil }
        #expect(none.map(\.text) == ["there is no route to the real server 10.1.0.11"])
        let own = try findings(Row.web(1)) { $0.paths[Host.address("10.1.0.11")]?.kind = .local }
        #expect(own.first?.text.contains("is an address of this machine") == true)
    }

    @Test("a real server of which connections wait and none is established")
    func silent() throws {
        func found(_ waiting: Int, _ established: Int) throws -> [Finding] {
            try findings(Row.web(1)) {
                let server = IPVS.DestinationIdentity(address: Host.address("10.1.0.11"), port: 8080)
                $0.handshakes[server] = HostSnapshot.Handshakes(waiting: waiting, established: established)
            }
        }
        #expect(try found(5, 0).map(\.advice) == ["On the server, run: ip route replace default via 10.1.0.1"])
        #expect(try found(5, 1).isEmpty)
        #expect(try found(1, 0).isEmpty)
    }

    @Test("a tunnel whose way takes less than what comes in and the header of the tunnel", arguments: [1_519, 1_520])
    func tunnel(mtu: UInt32) throws {
        let found = try findings(Host.direct("tunnel")) { $0.interfaces[1].mtu = mtu }
        #expect(found.map(\.remedy) == (mtu < 1_520 ? ["ip link set dev inside mtu 1520"] : []))
        let route = try findings(Host.direct("tunnel")) {
            $0.interfaces[1].mtu = 9_000
            $0.paths[Host.address("10.1.0.11")]?.mtu = mtu
        }
        #expect(route.isEmpty == (mtu == 1_520))
    }

    @Test("a public address that is not here, but on the passive gateway of a pair")
    func addresses() throws {
        let missing = { (host: inout HostSnapshot) in host.paths[Host.address("198.51.100.36")] = nil }
        let found = try findings(Row.web(1), but: missing)
        #expect(found.map(\.remedy) == ["ip address add 198.51.100.36/32 dev INTERFACE"])
        #expect(try findings(Row.web(1), role: .passive, but: missing).isEmpty)
    }

    @Test(
        "ADMIN at a public address of the export, which the host itself cannot reach",
        arguments: [
            ("https://198.51.100.36:8443", true), ("http://198.51.100.36/", true), ("https://10.1.0.9", false),
            ("https://admin.example:8443", false), ("https://10.1.0.9, https://198.51.100.36:8443", true),
        ])
    func adminAddress(url: String, isFound: Bool) throws {
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.adminURL = try AdminURLs(url)
        var traffic = try Host.traffic(Row.web(1))
        traffic.adminAddresses = configuration.adminAddresses
        let found = Doctor.examine(Host.healthy(traffic), traffic)
        #expect(found.map(\.check) == (isFound ? ["admin-address"] : []))
        configuration.adminURL = try AdminURLs("https://[2001:db8::36]:8443")
        #expect(configuration.adminAddresses == [Host.address("2001:db8::36")])
    }

    @Test("modules that the export asks for and the kernel has not got, or may not load")
    func modules() throws {
        #expect(try findings(Row.web(1, scheduler: "rr")) { _ in }.isEmpty)
        let none = try findings(Row.web(1, scheduler: "sed")) { _ in }
        #expect(none.map(\.text) == ["the kernel has no module ip_vs_sed, which the export asks for"])
        let locked = try findings(Row.web(1, scheduler: "rr")) { $0.sysctls["kernel.modules_disabled"] = "1" }
        #expect(locked.map(\.severity) == [.stops])
        let unknown = try findings(Row.web(1, scheduler: "rr")) { $0.modules?.loadable = nil }
        #expect(unknown.map(\.severity) == [.note] && unknown.map(\.remedy) == ["modprobe ip_vs_rr"])
    }

    @Test(
        "a connection tracking table from 80 % on, and a full one",
        arguments: [(799, nil), (800, Finding.Severity.warning), (999, .warning), (1_000, .stops), (Int.max, .stops)])
    func conntrack(entries: Int, severity: Finding.Severity?) throws {
        let found = try findings(Row.web(1)) { $0.conntrack?.entries = entries }
        #expect(found.map(\.severity) == [severity].compactMap(\.self))
    }

    @Test("a limit of nothing, or of more than can be doubled, is no trap")
    func conntrackLimits() throws {
        #expect(ConntrackUsage(entries: 0, limit: 0).percent == 100)
        let found = try findings(Row.web(1)) { $0.conntrack = ConntrackUsage(entries: .max, limit: .max) }
        #expect(found.map(\.check) == ["conntrack"])
    }

    @Test("exported ports that the kernel gives out itself, with what is reserved already")
    func ephemeral() throws {
        let port = Row.web(1).replacing(",80,", with: ",40000,")
        let found = try findings(port) { $0.sysctls["net.ipv4.ip_local_reserved_ports"] = "50000-50010" }
        #expect(found.map(\.severity) == [.warning])
        #expect(found.map(\.remedy) == ["sysctl -w net.ipv4.ip_local_reserved_ports=50000-50010,40000"])
        #expect(try findings(port) { $0.sysctls["net.ipv4.ip_local_reserved_ports"] = "40000" }.isEmpty)
        let marked = try findings(Row.devices(1, ports: "30000-61000")[0]) { _ in }
        #expect(marked.map(\.severity) == [.note])
        #expect(marked.first?.advice?.contains("ip_local_port_range") == true)
    }

    @Test("rules that iptables has made: `-m conntrack --ctstate`, and a remedy in its own words")
    func xtables() throws {
        func state(_ mask: UInt16, isInverted: Bool = false) -> Nftables.Expression {
            // struct xt_conntrack_mtinfo3
            var information = [UInt8](repeating: 0, count: 164)
            for (place, number) in [(146, 1), (148, isInverted ? 1 : 0), (150, mask)] as [(Int, UInt16)] {
                withUnsafeBytes(of: number) { information.replaceSubrange(place..<(place + 2), with: $0) }
            }
            return .xtablesMatch("conntrack", information)
        }
        func found(_ policy: Nftables.Hook.Policy, _ rules: [Nftables.Expression]...) throws -> [Finding] {
            try findings(Row.web(1)) { host in
                let hook = Nftables.Hook(.filter, .forward, priority: .filter, policy: policy)
                var table = HostSnapshot.Table(table: Nftables.Table(family: .ip, name: "filter"))
                table.chains = [Nftables.Chain(name: "FORWARD", hook: hook)]
                table.rules["FORWARD"] = rules.map { Nftables.Rule(in: "FORWARD", $0) }
                host.tables = [table]
            }
        }
        let (invalid, known): (UInt16, UInt16) = (1, 2 | 4)
        let remedy = "iptables -t filter -I FORWARD -s 10.1.0.11 -j ACCEPT"
        #expect(try found(.accept, [state(invalid), .other("counter"), .verdict(.drop)]).map(\.remedy) == [remedy])
        #expect(try found(.drop, [state(known), .other("counter"), .verdict(.accept)]).map(\.severity) == [.stops])
        #expect(try found(.drop, [state(known, isInverted: true), .verdict(.accept)]).isEmpty)
        #expect(try found(.accept, [state(known), .verdict(.drop)]).isEmpty)
        // A match that has no meaning here may accept them.
        #expect(try found(.drop, [.xtablesMatch("set", []), .verdict(.accept)]).map(\.severity) == [.warning])
        #expect(try found(.drop, [.xtablesMatch("comment", []), .verdict(.accept)]).isEmpty)
        #expect(try found(.accept, [.other("reject")]).map(\.severity) == [.stops])
        #expect(try found(.accept, [.xtablesTarget("LOG")], [.xtablesTarget("REJECT")]).map(\.severity) == [.stops])
        #expect(try found(.drop, [.xtablesTarget("NFQUEUE")]).isEmpty)
    }

    @Test(
        "with net.ipv4.vs.conntrack the entries of IPVS' connections stay, and no FIN is invalid",
        arguments: ["0", "1"])
    func trackedFIN(conntrack: String) throws {
        let found = try findings(Row.web(1)) { host in
            host.sysctls["net.ipv4.vs.conntrack"] = conntrack
            let hook = Nftables.Hook(.filter, .input, priority: .filter, policy: .accept)
            var table = HostSnapshot.Table(table: Nftables.Table(family: .inet, name: "host"))
            table.chains = [Nftables.Chain(name: "in", hook: hook)]
            let invalid: [Nftables.Expression] = [
                .loadConnection(.state, into: 0), .bitwise(from: 0, into: 0, mask: [1, 0, 0, 0], xor: [0, 0, 0, 0]),
                .compare(0, .notEqual, [0, 0, 0, 0]), .verdict(.drop),
            ]
            table.rules["in"] = [Nftables.Rule(in: "in", invalid)]
            host.tables = [table]
        }.filter { $0.check == "firewall" }
        #expect(found.map(\.severity) == (conntrack == "0" ? [.warning] : []))
        #expect(found.allSatisfy { $0.text.contains("drops late FINs to 198.51.100.36:80/tcp: rule 1") }, "\(found)")
    }

    @Test("tables of the older iptables are noted")
    func legacy() throws {
        let found = try findings(Row.web(1)) { $0.legacyTables = ["ip filter"] }
        #expect(found.map(\.severity) == [.note] && found.first?.text.contains("ip filter") == true)
    }

    @Test("the exit status is that of the worst, and a note is none")
    func exitStatus() {
        func status(_ severities: Finding.Severity...) -> Int32 {
            DoctorReport(findings: severities.map { Finding("x", $0, "") }, unseen: []).exitStatus
        }
        #expect(status() == 0 && status(.note) == 0 && status(.note, .warning) == 8)
        #expect(status(.stops, .warning) == 9)
    }

    @Test("IPVS' connections are counted however the list is cut in pieces")
    func connections() {
        let list = """
            Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
            TCP CB00710A A3F1 C6336424 0050 0A01000B 1F90 SYN_RECV         57
            TCP CB00710A A3F2 C6336424 0050 0A01000B 1F90 SYN_RECV         57
            TCP CB00710A A3F3 C6336424 0050 0A01000C 1F90 ESTABLISHED     900
            UDP CB00710A A3F3 C6336424 0035 0A01000C 0035 UDP             300
            TCP 20010db8000000000000000000000001 A3F3 x
            TCP 2001:0db8:0000:0000:0000:0000:0000:000a A3F3 2001:0db8:0000:0000:0000:0000:0000:0036 0050 \
            fd00:0000:0000:0000:0000:0000:0000:0011 1F90 SYN_RECV         57
            nonsense

            """
        let bytes = Array(list.utf8)
        for size in [1, 7, 64, bytes.count] {
            var table = ConnectionTable()
            for start in stride(from: 0, to: bytes.count, by: size) {
                table.take(bytes[start..<min(start + size, bytes.count)])
            }
            func seen(_ address: String) -> HostSnapshot.Handshakes? {
                table.handshakes[IPVS.DestinationIdentity(address: Host.address(address), port: 8080)]
            }
            #expect(seen("10.1.0.11") == HostSnapshot.Handshakes(waiting: 2, established: 0))
            #expect(seen("10.1.0.12") == HostSnapshot.Handshakes(waiting: 0, established: 1))
            #expect(seen("fd00::11") == HostSnapshot.Handshakes(waiting: 1, established: 0))
            #expect(table.handshakes.count == 3)
        }
    }
}
