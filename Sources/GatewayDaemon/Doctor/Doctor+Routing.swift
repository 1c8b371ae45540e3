import Netlink
import NetworkTypes
import ServicesExport

extension Doctor {
    /// Checks that forwarding is on, for answers that return through this machine.
    static func forwarding(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        traffic.maskedFamilies.sorted().flatMap { family -> [Finding] in
            let all = family == .ipv4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding"
            guard host.sysctls[all] != "0" else {
                return [
                    Finding(
                        "forwarding", .stops, "\(all) is 0: answers of \(family) servers are not forwarded to clients",
                        remedy: "sysctl -w \(all)=1")
                ]
            }
            let tree = family == .ipv4 ? "net.ipv4" : "net.ipv6"
            return concerned(host, traffic, family).compactMap { interface in
                let name = "\(tree).conf.\(interface.name).forwarding"
                guard host.sysctls[name] == "0" else { return nil }
                return Finding(
                    "forwarding", .stops, "\(name) is 0: what comes in by \(interface.name) is not forwarded",
                    // The path has slashes, since the name of an interface may contain a dot.
                    // exact: the tree is ours
                    remedy: "sysctl -w \(tree.replacing(".", with: "/"))/conf/\(interface.name)/forwarding=1")
            }
        }
    }

    /// The interfaces where packets to be forwarded come in.
    private static func concerned(
        _ host: HostSnapshot, _ traffic: ServedTraffic, _ family: AddressFamily
    ) -> [HostSnapshot.Interface] {
        let servers = traffic.servers.filter { $0.method.comesBackHere && $0.address.family == family }.map(\.address)
        let indices = Set(servers.compactMap { host.paths[$0] }.filter { $0.kind == .unicast }.map(\.linkIndex))
        return indices.sorted().compactMap(host.interface)
    }

    /// Strict reverse path filters, which drop packets that come in at another interface than the one their answers
    /// would leave by.
    static func reversePaths(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        func filter(_ name: String) -> Int { host.sysctls["net.ipv4.conf.\(name).rp_filter"].flatMap { Int($0) } ?? 0 }
        let all = filter("all")
        let way = host.defaultPaths[.ipv4].flatMap { host.interface($0.linkIndex) }
        let ours = Set(traffic.publicAddresses)
        return host.interfaces.filter { interface in
            interface.isUp && !interface.isLoopback && max(all, filter(interface.name)) == 1
                && interface.addresses.contains { $0.family == .ipv4 && ours.contains($0) }
                && interface.index != way?.index
        }.map { interface in
            let wayBack = way.map { "the way back to clients is \($0.name)" } ?? "there is no route back to clients"
            return Finding(
                "reverse-path", .stops,
                "\(interface.name) has public addresses and a strict reverse path filter, and \(wayBack): packets of clients that come in "
                    + "there are dropped",
                remedy: "sysctl -w net.ipv4.conf.all.rp_filter=2 net/ipv4/conf/\(interface.name)/rp_filter=2")
        }
    }

    /// Real servers without a route.
    static func serverRoutes(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        traffic.servers.compactMap { server in
            switch host.paths[server.address]?.kind {
            case .unicast?: return nil
            case .local?:
                return Finding(
                    "route", .stops,
                    "the real server \(server.address) is an address of this machine: nothing that is sent there leaves it"
                )
            case .refused?, nil:
                return Finding(
                    "route", .stops, "there is no route to the real server \(server.address)",
                    remedy:
                        "ip \(server.address.family == .ipv4 ? "" : "-6 ")route add \(server.address) via NEXT-HOP dev INTERFACE"
                )
            }
        }
    }

    /// Real servers that have not answered any of their waiting connections.
    static func silentServers(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        var methods = [IPAddress: ForwardingMethod]()
        for server in traffic.servers { methods[server.address] = server.method }
        return host.handshakes.sorted { $0.key < $1.key }.compactMap { server, seen in
            guard let method = methods[server.address], seen.waiting >= 2, seen.established == 0 else { return nil }
            let own = host.paths[server.address].flatMap { host.interface($0.linkIndex) }?.addresses
                .first { $0.family == server.address.family }
            return Finding(
                "silent-server", .stops,
                "\(seen.waiting) connections to \(server.address.endpoint(server.port)) wait for an answer (SYN_RECV), and none is established: the "
                    + "server is off, or its answers do not come back"
                    + (method == .masq ? " through this gateway, which must be its default route" : ""),
                advice: method == .masq
                    ? "On the server, run: ip route replace default via \(own.map(\.description) ?? "GATEWAY")" : nil)
        }
    }

    /// Tunnels whose packets are longer than the path to the server allows.
    static func tunnelMTU(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        let outside = host.interfaces.filter { interface in
            !interface.isLoopback && interface.addresses.contains { Set(traffic.publicAddresses).contains($0) }
        }
        return traffic.servers.filter { $0.method == .tunnel }.compactMap { server in
            guard let path = host.paths[server.address], path.kind == .unicast,
                let inside = host.interface(path.linkIndex)
            else { return nil }
            let overhead: UInt32 = server.address.family == .ipv4 ? 20 : 40
            let mtu = min(path.mtu ?? inside.mtu, inside.mtu)
            guard let largest = outside.filter({ $0.index != inside.index || outside.count == 1 }).map(\.mtu).max(),
                UInt64(mtu) < UInt64(largest) + UInt64(overhead)
            else { return nil }
            return Finding(
                "mtu", .warning,
                "packets of up to \(largest) bytes come in, and the tunnel to \(server.address) takes \(mtu) less \(overhead): longer ones are "
                    + "refused or cut in pieces",
                remedy: "ip link set dev \(inside.name) mtu \(UInt64(largest) + UInt64(overhead))")
        }
    }

    /// Public addresses whose packets are not delivered to this machine.
    static func publicAddresses(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        guard traffic.role == .active else { return [] }
        let missing = traffic.publicAddresses.filter { host.paths[$0]?.kind != .local }
        guard let first = missing.first else { return [] }
        let shown = missing.prefix(8).map(\.description).joined(separator: " ")
        return [
            Finding(
                "addresses", .stops,
                "public addresses that are not on this machine: \(shown)\(missing.count > 8 ? " and \(missing.count - 8) more" : "")",
                remedy: "ip address add \(first)/\(first.family.bitWidth) dev INTERFACE")
        ]
    }

    /// ADMIN at a public address of the export. What the host sends to one of its own addresses does not pass the
    /// chains that balance and translate.
    static func adminAddress(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        traffic.adminAddresses.filter(traffic.publicAddresses.contains).map { admin in
            Finding(
                "admin-address", .warning,
                "admin-url names \(admin), a public address of the export: a gateway that has the address reaches no service "
                    + "there itself, so no export gets here while it does",
                advice: "Let admin-url name an address that ADMIN itself listens on.")
        }
    }
}
