public import Netlink
public import NetworkTypes

/// Table `inet portcullis`: its chains, rules, sets and maps, which never change. Only their elements do, and the
/// chains and sets of each `ConnectionLimiter`, which elements lead to.
public enum PortcullisTable {
    /// The family and name of the table.
    public static let table = Nftables.Table(family: .inet, name: "portcullis")
    /// Counts what the input chain drops.
    public static let droppedCounter = "dropped"
    /// Counts what limits drop.
    public static let limitedCounter = "limited"
    /// Counts packets that passed without being counted for their source, since its meter was full.
    public static let unmeteredCounter = "unmetered"
    /// Every named counter.
    public static let counters = [droppedCounter, limitedCounter, unmeteredCounter]
    /// The mark of connections in conntrack that are sent on with the gateway's own address.
    public static let hairpinMark: UInt32 = 0x706F_7274
    /// The hash of an inside address is below this. Which of several public addresses it leaves by depends on it.
    ///
    /// A prime, so that with up to 500 addresses no range of hashes is a prefix: nft 1.0.6 writes such a range of marks as
    /// one, and reads that in another byte order.
    public static let egressSlots: UInt32 = 65_521
    /// All gateways of a location hash alike, so that connections go on when another takes over.
    private static let egressSeed: UInt32 = 0x706F_7274

    /// The kinds of sets; each exists for both address families.
    public enum Kind: String, Sendable, CaseIterable {
        case addresses, ports, ranges, sources, marks, dnat, limits, dnatlimits, hairpins, inside, exempt, egress,
            spread
    }

    /// The set or map of a kind: `ports4`, `marks6`.
    public static func set(_ kind: Kind, _ family: AddressFamily) -> Nftables.SetDefinition {
        let address: Nftables.DataType = family == .ipv4 ? .ipv4Address : .ipv6Address
        let key = [address, .internetProtocol, .internetService]
        let name = kind.rawValue + (family == .ipv4 ? "4" : "6")
        return switch kind {
        case .addresses: Nftables.SetDefinition(name: name, key: [address])
        case .ports: Nftables.SetDefinition(name: name, key: key)
        case .ranges: Nftables.SetDefinition(name: name, key: key, isInterval: true)
        case .sources: Nftables.SetDefinition(name: name, key: key + [address], isInterval: true)
        case .marks: Nftables.SetDefinition(name: name, key: key, data: [.mark], isInterval: true)
        case .dnat: Nftables.SetDefinition(name: name, key: key, data: [address, .internetService])
        case .limits, .dnatlimits:
            Nftables.SetDefinition(name: name, key: key, data: [.verdict], isInterval: true)
        case .hairpins: Nftables.SetDefinition(name: name, key: key + [address], data: [.mark], isInterval: true)
        // Ranges need a key of two fields, so networks stand beside the mark, whatever it is.
        case .inside: Nftables.SetDefinition(name: name, key: [address, .mark], isInterval: true)
        case .exempt: Nftables.SetDefinition(name: name, key: [address, address], isInterval: true)
        case .egress, .spread:
            Nftables.SetDefinition(name: name, key: [address, .mark], data: [address], isInterval: true)
        }
    }

    /// Every set and map.
    public static let sets = AddressFamily.allCases.flatMap { family in Kind.allCases.map { set($0, family) } }

    /// Marks are set before routing; destination NAT follows. The input chain comes before IPVS, whose hook comes
    /// after the filter priority, so no packet reaches a virtual service that no export admits.
    public static let chains = [
        Nftables.Chain(name: "prerouting", hook: .init(.filter, .prerouting, priority: .mangle)),
        Nftables.Chain(name: "nat", hook: .init(.nat, .prerouting, priority: .destinationNAT)),
        Nftables.Chain(name: "input", hook: .init(.filter, .input, priority: .filter)),
        Nftables.Chain(name: "postrouting", hook: .init(.nat, .postrouting, priority: .sourceNAT)),
        Nftables.Chain(name: "admit4"),
        Nftables.Chain(name: "admit6"),
        Nftables.Chain(name: "open4"),
        Nftables.Chain(name: "open6"),
        Nftables.Chain(name: "translate4"),
        Nftables.Chain(name: "translate6"),
        Nftables.Chain(name: "leave4"),
        Nftables.Chain(name: "leave6"),
    ]

    /// The rules, chain by chain.
    ///
    /// A packet in reply direction belongs to a connection that the host itself has opened. It gets no mark, whatever
    /// its port, and is admitted. Packets of IPVS' own flows never have that direction, not even where
    /// `net.ipv4.vs.conntrack` makes conntrack track them. Matching "established" instead would let those packets
    /// past the sets that admit them, and would leave unmarked those whose IPVS entry has to be made again.
    ///
    /// An admitted packet goes to the limits of its port if it opens a connection. For IPVS, that is every packet of TCP
    /// that has SYN and not RST (`tcp_conn_schedule`), every INIT of SCTP, and every datagram of UDP, since nothing
    /// tells the first from later ones: conntrack never confirms packets of IPVS. For destination NAT, chains of type
    /// nat see the first packet of each flow only. Whoever passes a limiter returns.
    ///
    /// What an inside network sends to one of our public addresses, to another inside network, to a multicast group or to
    /// an exception keeps its address, and so do the host's own packets: the passive gateway of a pair would wait for answers that the active
    /// one gets. All else leaves by a public one. Where a network has several, the hash of the inside address
    /// selects one; the packet's mark holds the hash, since nft can use it in a key. It has done its work by then, and
    /// only the first packet of a connection comes here. Nothing leaves with an inside address while the elements
    /// are replaced. Packets of IPVS do not come here: they are not tracked, or go to our public addresses.
    public static let rules =
        [Nftables.Rule(in: "prerouting", .connectionDirection(.reply), .return)]
        + AddressFamily.allCases.flatMap(rules(of:))

    private static func rules(of family: AddressFamily) -> [Nftables.Rule] {
        let name = { (kind: Kind) in set(kind, family).name }
        let key: [Nftables.Field] = [.destinationAddress(family), .transportProtocol, .destinationPort]
        let keyAndSource = key + [.sourceAddress(family)]
        let isFamily = [Nftables.Expression].family(family)
        let number = family == .ipv4 ? "4" : "6"
        let (admit, open, translate) = ("admit" + number, "open" + number, "translate" + number)
        let leave = "leave" + number
        let network: [Nftables.Field] = [.sourceAddress(family), .mark]
        let icmp: UInt8 = family == .ipv4 ? 1 : 58
        let dnat = [Nftables.Expression].destinationNAT(family, key, from: name(.dnat))
        return [
            Nftables.Rule(in: "prerouting", isFamily, .setMark(key, from: name(.marks))),
            // Only admitted keys are translated: a connection that the input chain would refuse must not reach a
            // server.
            Nftables.Rule(in: "nat", isFamily, .setConnectionMark(keyAndSource, from: name(.hairpins))),
            Nftables.Rule(in: "nat", isFamily, .fields(key, in: name(.ports)), .goto(translate)),
            Nftables.Rule(in: "nat", isFamily, .fields(key, in: name(.ranges)), .goto(translate)),
            Nftables.Rule(in: "nat", isFamily, .fields(keyAndSource, in: name(.sources)), .goto(translate)),
            Nftables.Rule(in: translate, isFamily, .verdict(key, from: name(.dnatlimits))),
            Nftables.Rule(in: translate, isFamily, dnat),
            // A server answers the sender of the packet: without the gateway's address, the client itself.
            Nftables.Rule(
                in: "postrouting", isFamily, .originalDestination(family, in: name(.addresses)),
                .connectionMark(hairpinMark), .masquerade),
            Nftables.Rule(in: "postrouting", isFamily, .originalDestination(family, in: name(.addresses)), .return),
            Nftables.Rule(in: "postrouting", .forwarded, isFamily, .fields(network, in: name(.inside)), .goto(leave)),
            Nftables.Rule(
                in: leave, isFamily, .fields([.destinationAddress(family), .mark], in: name(.inside)), .accept),
            Nftables.Rule(
                in: leave, isFamily, .fields([.sourceAddress(family), .destinationAddress(family)], in: name(.exempt)),
                .accept),
            Nftables.Rule(in: leave, isFamily, .destination(atLeast: notRouted(family)), .accept),
            Nftables.Rule(in: leave, isFamily, .sourceNAT(family, network, from: name(.egress))),
            Nftables.Rule(in: leave, isFamily, .markBySource(family, modulus: egressSlots, seed: egressSeed)),
            Nftables.Rule(in: leave, isFamily, .sourceNAT(family, network, from: name(.spread))),
            Nftables.Rule(in: leave, .drop),
            Nftables.Rule(
                in: "input", isFamily, .fields([.destinationAddress(family)], in: name(.addresses)), .jump(admit)),
            Nftables.Rule(in: admit, isFamily, .fields(key, in: name(.ports)), .goto(open)),
            Nftables.Rule(in: admit, isFamily, .fields(key, in: name(.ranges)), .goto(open)),
            Nftables.Rule(in: admit, isFamily, .fields(keyAndSource, in: name(.sources)), .goto(open)),
            Nftables.Rule(in: admit, .transportProtocol(icmp), .accept),
            Nftables.Rule(in: admit, .connectionDirection(.reply), .accept),
            Nftables.Rule(in: admit, .connectionState(.related), .accept),
            Nftables.Rule(in: admit, .log(prefix: "portcullis: ", perSecond: 5, burst: 10)),
            Nftables.Rule(in: admit, .count(on: droppedCounter), .drop),
            Nftables.Rule(
                in: open, .transportProtocol(TransportProtocol.tcp.rawValue),
                .tcpFlags([.syn, .reset], .notEqual, .syn), .accept),
            Nftables.Rule(
                in: open, .transportProtocol(TransportProtocol.sctp.rawValue), .sctpChunk(.notEqual, initiation),
                .accept),
            Nftables.Rule(in: open, isFamily, .verdict(key, from: name(.limits))),
            Nftables.Rule(in: open, .accept),
        ]
    }

    /// From this address on destinations are of one link or of a group: `224.0.0.0` (multicast, broadcast), `fe80::` (link
    /// local, multicast).
    private static func notRouted(_ family: AddressFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(ipv4: 0xE000_0000) : IPAddress(ipv6High: 0xFE80 << 48, low: 0)
    }

    /// The type of SCTP's chunk that opens an association.
    private static let initiation: UInt8 = 1

    /// Recreates the rules, makes sets, counters and chains that are missing, and deletes foreign chains.
    /// - Parameter limiters: those that the table has.
    public static func renewRules(
        without strangers: [String], limiters: [ConnectionLimiter], in transaction: inout Nftables.Transaction
    ) {
        for counter in counters { transaction.add(counter: counter) }
        for set in sets { transaction.add(set) }
        for chain in chains { transaction.add(chain) }
        // All chains are flushed first, since their rules may jump to each other.
        for name in chains.map(\.name) + limiters.map(\.name) + strangers { transaction.flush(chain: name) }
        for stranger in strangers { transaction.append(.deleteChain(stranger)) }
        for rule in rules + limiters.flatMap(\.rules) { transaction.add(rule) }
    }

    /// Deletes the table, if it exists, and recreates it without elements.
    public static func recreate(_ flags: Nftables.TableFlags, in transaction: inout Nftables.Transaction) {
        transaction.destroyTable()
        transaction.addTable(flags)
        for counter in counters { transaction.add(counter: counter) }
        for set in sets { transaction.add(set) }
        for chain in chains { transaction.add(chain) }
        for rule in rules { transaction.add(rule) }
    }
}
