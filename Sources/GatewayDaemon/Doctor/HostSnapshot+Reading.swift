import GatewaySync
import Glibc
import Netlink
import NetworkTypes
import ServiceSupport
import ServicesExport

extension HostSnapshot {
    /// Reads the host's state from netlink, /proc and /lib/modules. Writes nothing and sends no packet. Cost: reads
    /// each rule of other tables, looks up a route for each address of the export, and walks over IPVS' connections.
    static func read(for traffic: ServedTraffic) throws -> Self {
        var host = Self()
        try host.readInterfaces()
        try host.readPaths(traffic)
        host.readSysctls()
        host.readTables()
        host.readLegacyTables()
        host.conntrack = ConntrackUsage.read()
        do {
            host.settings = try NetlinkKernel().settings(of: traffic.requirements)
        } catch {
            host.unseen.append("settings of IPVS: \(error)")
        }
        host.modules = Modules.read()
        if let table = ConnectionTable.read() {
            host.handshakes = table.handshakes
        } else {
            host.unseen.append("IPVS' connections: /proc/net/ip_vs_conn cannot be read, or IPVS is not loaded")
        }
        return host
    }

    private mutating func readInterfaces() throws(NetlinkError) {
        let route = try Route.Connection()
        interfaces = try route.links().collect().map {
            Interface(index: $0.index, name: $0.name, isUp: $0.isUp, isLoopback: $0.isLoopback, mtu: $0.mtu)
        }
        for entry in try route.addresses().collect() {
            guard let place = interfaces.firstIndex(where: { $0.index == entry.linkIndex }) else { continue }
            interfaces[place].addresses.append(entry.address)
        }
    }

    private mutating func readPaths(_ traffic: ServedTraffic) throws(NetlinkError) {
        let route = try Route.Connection()
        for address in traffic.publicAddresses + traffic.servers.map(\.address) where paths[address] == nil {
            paths[address] = try route.path(to: address)
        }
        // Clients may be anywhere. These are documentation addresses, which have no specific route.
        let anybody: [AddressFamily: IPAddress] = [
            .ipv4: IPAddress(ipv4: 0xC0_00_02_01), .ipv6: IPAddress(ipv6High: 0x2001_0DB8 << 32, low: 1),
        ]
        for (family, address) in anybody { defaultPaths[family] = try route.path(to: address) }
    }

    private mutating func readSysctls() {
        var names = [
            "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.all.rp_filter",
            EphemeralPorts.rangeSysctl, EphemeralPorts.reservedSysctl, "net.ipv4.vs.conntrack",
            "kernel.modules_disabled",
        ].map { (name: $0, path: $0.replacing(".", with: "/")) }  // exact: the names are ours
        for interface in interfaces {
            for (tree, setting) in [("ipv4", "forwarding"), ("ipv6", "forwarding"), ("ipv4", "rp_filter")] {
                // The path has slashes, since the name of an interface may contain a dot.
                names.append(
                    ("net.\(tree).conf.\(interface.name).\(setting)", "net/\(tree)/conf/\(interface.name)/\(setting)"))
            }
        }
        for (name, path) in names {
            guard let bytes = (try? Files.read("/proc/sys/\(path)", limit: 1 << 20)) ?? nil else { continue }
            // exact: the kernel writes numbers
            sysctls[name] = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(
                separator: " ")
        }
    }

    private mutating func readTables() {
        do {
            let nftables = try Nftables.Connection()
            for entry in try nftables.tables().collect()
            where entry.table != PortcullisTable.table && !entry.flags.contains(.dormant) {
                switch entry.table.family {
                case .inet, .ip, .ip6:
                    guard let table = try Table(entry.table, nftables) else { continue }
                    tables.append(table)
                    noteUnfollowed(table.chains.filter { $0.hook?.point == .ingress }, of: entry.table)
                case .netdev, .bridge:
                    noteUnfollowed(try nftables.chains(of: entry.table).collect(), of: entry.table)
                case .arp: break
                }
            }
        } catch {
            unseen.append("others' nftables: \(error) (CAP_NET_ADMIN is needed)")
        }
    }

    /// Notes chains of an interface's ingress and of bridges as unseen: they filter packets before all other chains,
    /// and are not evaluated here.
    private mutating func noteUnfollowed(_ chains: [Nftables.Chain], of table: Nftables.Table) {
        let names = chains.filter { $0.hook != nil }.map(\.name)
        guard !names.isEmpty else { return }
        unseen.append(
            "table \(table): what \(names.joined(separator: ", ")) drops at an interface or a bridge, before other tables"
        )
    }

    private mutating func readLegacyTables() {
        for (family, path) in [("ip", "/proc/net/ip_tables_names"), ("ip6", "/proc/net/ip6_tables_names")] {
            do {
                guard let bytes = try Files.read(path, limit: 1 << 16) else { continue }
                legacyTables += bytes.split(separator: 0x0A).map { "\(family) \(String(decoding: $0, as: UTF8.self))" }
            } catch {
                unseen.append("tables of the older iptables: \(error) (root is needed)")
                return
            }
        }
    }
}

extension HostSnapshot.Table {
    /// `nil` if the table was deleted in the meantime.
    fileprivate init?(_ table: Nftables.Table, _ nftables: Nftables.Connection) throws(NetlinkError) {
        guard let snapshot = try nftables.snapshot(of: table, elements: false) else { return nil }
        self.init(table: table, chains: snapshot.chains)
        rules = Dictionary(grouping: snapshot.rules.map(\.rule), by: \.chain)
        for expression in snapshot.rules.flatMap(\.rule.expressions) {
            switch expression {
            case .lookup(let set, _, nil, _) where sets[set] == nil:
                guard try nftables.isPlain(set: set, in: table) else { continue }
                let content = try nftables.content(of: set, in: table)
                if !content.hasCatchAll { sets[set] = Set(content.elements.map(\.key.bytes)) }
            case .lookupVerdict(let map, _) where verdictMaps[map] == nil:
                guard let elements = try nftables.plainVerdicts(of: map, in: table) else { continue }
                verdictMaps[map] = Dictionary(elements.map { ($0.key.bytes, $0.verdict) }) { $1 }
            default: break
            }
        }
    }
}

extension HostSnapshot.Modules {
    fileprivate static func read() -> Self? {
        guard let bytes = (try? Files.read("/proc/modules", limit: 1 << 22)) ?? nil else { return nil }
        var loaded = Set<String>()
        for line in bytes.split(separator: 0x0A) {
            loaded.insert(String(decoding: line.prefix { $0 != 0x20 }, as: UTF8.self))
        }
        let release = ((try? Files.read("/proc/sys/kernel/osrelease", limit: 256)) ?? nil).map {
            String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }  // exact: a release is ASCII
        }
        guard let release else { return Self(loaded: loaded, loadable: nil) }
        var loadable: Set<String>?
        for file in ["modules.builtin", "modules.dep"] {
            guard let bytes = (try? Files.read("/lib/modules/\(release)/\(file)", limit: 1 << 24)) ?? nil else {
                continue
            }
            loadable = loadable ?? []
            for line in bytes.split(separator: 0x0A) {
                let path = line.prefix { $0 != UInt8(ascii: ":") }
                let name = path.split(separator: UInt8(ascii: "/")).last?.prefix { $0 != UInt8(ascii: ".") } ?? []
                let text = String(
                    decoding: name.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
                if file == "modules.builtin" { loaded.insert(text) }
                loadable?.insert(text)
            }
        }
        return Self(loaded: loaded, loadable: loadable)
    }
}
