import Netlink
import NetworkTypes
import ServicesExport

extension Doctor {
    /// Chains of other tables that drop packets that Portcullis forwards.
    ///
    /// The path of IPVS packets: a client's packets enter through prerouting and input (where IPVS comes after the
    /// filter priority) and leave through output. Answers of masqueraded servers are forwarded, and so are all
    /// packets under destination NAT.
    static func firewalls(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        let samples = Samples(host, traffic)
        return host.tables.flatMap { table in
            table.chains.compactMap { chain -> Finding? in
                guard let hook = chain.hook, let packets = samples.packets[hook.point] else { return nil }
                return finding(chain, hook, of: table, packets.filter { table.table.family.sees($0.family) }, host)
            }
        }
    }

    private static func finding(
        _ chain: Nftables.Chain, _ hook: Nftables.Hook, of table: HostSnapshot.Table, _ packets: [SamplePacket],
        _ host: HostSnapshot
    ) -> Finding? {
        var lost = [(packet: SamplePacket, reason: String)]()
        var unclear = [(packet: SamplePacket, reason: String)]()
        for packet in packets {
            switch PacketWalk.fate(of: packet, in: chain, of: table) {
            case .passes: break
            case .dropped(let reason): lost.append((packet, reason))
            case .unclear(let reason): unclear.append((packet, reason))
            }
        }
        let concerned = opening(lost.isEmpty ? unclear : lost)
        guard let first = concerned.first else { return nil }
        var text =
            "chain \(table.table) \(chain.name) \(lost.isEmpty ? "may drop" : "drops") \(first.packet.words)"
            + (concerned.count > 1 ? " and \(concerned.count - 1) more" : "") + ": \(first.reason)"
        if lost.isEmpty { text += "; whether an earlier one accepts them cannot be told" }
        if !first.packet.state.isDisjoint(with: [.invalid, .untracked]) {
            text += "; conntrack does not know IPVS' packets (\(first.packet.state.words))"
        }
        if first.packet.isClosing { text += "; connections open, but stay in FIN_WAIT" }
        return Finding(
            "firewall", lost.isEmpty || first.packet.isClosing ? .warning : .stops, text,
            remedy: remedy(chain, hook, of: table, concerned.map(\.packet)))
    }

    /// The packets without which connections do not even open; if there are none, those that close them.
    private static func opening(
        _ packets: [(packet: SamplePacket, reason: String)]
    ) -> [(packet: SamplePacket, reason: String)] {
        let opening = packets.filter { !$0.packet.isClosing }
        return opening.isEmpty ? packets : opening
    }

    /// A rule at the head of the chain that accepts the packets, as a command in the syntax of the program that made
    /// the table.
    private static func remedy(
        _ chain: Nftables.Chain, _ hook: Nftables.Hook, of table: HostSnapshot.Table, _ packets: [SamplePacket]
    ) -> String {
        let family = packets[0].family
        let bySource = packets[0].source != nil
        let addresses = Set(
            packets.lazy.filter { $0.family == family }.compactMap { bySource ? $0.source : $0.destination }
        )
        .sorted().prefix(64).map(\.description)
        let isXtables =
            [.ip, .ip6].contains(table.table.family) && chain.name == chain.name.uppercased()
            && ["filter", "mangle", "raw", "security"].contains(table.table.name)
        if isXtables {
            let program = table.table.family == .ip ? "iptables" : "ip6tables"
            return "\(program) -t \(table.table.name) -I \(chain.name) \(bySource ? "-s" : "-d") "
                + "\(addresses.joined(separator: ",")) -j ACCEPT"
        }
        let field = "\(family == .ipv4 ? "ip" : "ip6") \(bySource ? "saddr" : "daddr")"
        return "nft insert rule \(table.table) \(chain.name) \(field) "
            + "\(addresses.count == 1 ? addresses[0] : "'{ \(addresses.joined(separator: ", ")) }'") accept"
    }

    /// The packets that must pass, by hook: some for each external connection, without duplicates.
    private struct Samples {
        private(set) var packets: [Nftables.Hook.Point: [SamplePacket]] = [:]
        private let host: HostSnapshot
        private let isTracked: Bool

        /// The greatest number of packets for one hook, since the rules are evaluated once for each.
        private static let limit = 512

        init(_ host: HostSnapshot, _ traffic: ServedTraffic) {
            self.host = host
            isTracked = host.sysctls["net.ipv4.vs.conntrack"] == "1"
            for group in traffic.groups {
                for address in group.connection.addresses { add(requestTo: address, group.connection) }
                for server in group.servers { add(server, group.connection) }
            }
            for group in traffic.groups {
                for address in group.connection.addresses { add(closingOf: address, group.connection) }
            }
        }

        private mutating func add(_ packet: SamplePacket, at point: Nftables.Hook.Point) {
            guard packets[point, default: []].count < Self.limit, !packets[point, default: []].contains(packet) else {
                return
            }
            packets[point, default: []].append(packet)
        }

        /// The interface where clients' packets come in: the one that has the address, or else the one with the route
        /// to clients.
        private func outside(_ address: IPAddress) -> HostSnapshot.Interface? {
            host.interfaces.first { !$0.isLoopback && $0.addresses.contains(address) } ?? wayToClients(address.family)
        }

        private func wayToClients(_ family: AddressFamily) -> HostSnapshot.Interface? {
            host.defaultPaths[family].flatMap { host.interface($0.linkIndex) }
        }

        private mutating func add(requestTo address: IPAddress, _ connection: ExternalConnection) {
            let port = connection.ports[0].first
            let packet = SamplePacket(
                words: "packets to \(address.endpoint(port))/\(connection.transport)", family: address.family,
                transport: connection.transport, destination: address, destinationPort: port, input: outside(address),
                state: .new, flags: 0x02)
            add(packet, at: .prerouting)
            if connection.method != .dnat { add(packet, at: .input) }
        }

        /// A client's FIN. IPVS takes the packets of a connection in the input hook, before conntrack confirms its entry
        /// (`nf_conntrack_tcp.c` takes a FIN without an entry for invalid); only with net.ipv4.vs.conntrack the entry
        /// stays.
        private mutating func add(closingOf address: IPAddress, _ connection: ExternalConnection) {
            guard connection.transport == .tcp, connection.method != .dnat, !isTracked else { return }
            let port = connection.ports[0].first
            let packet = SamplePacket(
                words: "late FINs to \(address.endpoint(port))/tcp", family: address.family, transport: .tcp,
                destination: address, destinationPort: port, input: outside(address), state: .invalid, isClosing: true,
                flags: 0x11)
            add(packet, at: .prerouting)
            add(packet, at: .input)
        }

        private mutating func add(_ server: RealServer, _ connection: ExternalConnection) {
            let port = server.port == 0 ? connection.ports[0].first : server.port
            let inside = host.paths[server.address].flatMap { host.interface($0.linkIndex) }
            let outside = wayToClients(server.address.family)
            let name = "\(server.address.endpoint(port))/\(connection.transport)"
            var request = SamplePacket(
                words: "packets to the real server \(name)", family: server.address.family,
                transport: connection.transport, destination: server.address, destinationPort: port, output: inside,
                state: .new, flags: 0x02)
            switch connection.method {
            case .dnat:
                request.status = .destinationNAT
                add(request, at: .forward)
            case .masq:
                var sent = request
                sent.state = isTracked ? .new : .untracked
                add(sent, at: .output)
            case .direct, .tunnel: return
            }
            let isDatagram = connection.transport == .udp
            let answer = SamplePacket(
                words: "answers of \(name)", family: server.address.family, transport: connection.transport,
                source: server.address, sourcePort: port, input: inside, output: outside,
                state: connection.method == .dnat || isTracked ? .established : isDatagram ? .new : .invalid,
                status: connection.method == .dnat ? .destinationNAT : [], flags: 0x12)
            add(answer, at: .forward)
            add(answer, at: .prerouting)
        }
    }
}

extension Nftables.Family {
    /// Whether a table of the family sees packets of an address family.
    func sees(_ family: AddressFamily) -> Bool {
        switch self {
        case .inet: true
        case .ip: family == .ipv4
        case .ip6: family == .ipv6
        case .arp, .bridge, .netdev: false
        }
    }
}

extension Nftables.ConnectionState {
    fileprivate var words: String { contains(.invalid) ? "ct state invalid" : "ct state untracked" }
}
