import CNetlink
public import NetworkTypes

extension Nftables {
    /// A field of a packet, as a part of a key.
    public enum Field: Sendable, Hashable {
        case destinationAddress(AddressFamily)
        case sourceAddress(AddressFamily)
        case transportProtocol
        case destinationPort
        /// The packet's mark, in network byte order, as a set with intervals needs it.
        case mark

        fileprivate var slots: Int {
            switch self {
            case .destinationAddress(let family), .sourceAddress(let family): family.bitWidth / 32
            case .transportProtocol, .destinationPort, .mark: 1
            }
        }

        fileprivate func load(into register: Register) -> [Expression] {
            switch self {
            case .sourceAddress(.ipv4): [.loadPayload(.network, offset: 12, length: 4, into: register)]
            case .destinationAddress(.ipv4): [.loadPayload(.network, offset: 16, length: 4, into: register)]
            case .sourceAddress(.ipv6): [.loadPayload(.network, offset: 8, length: 16, into: register)]
            case .destinationAddress(.ipv6): [.loadPayload(.network, offset: 24, length: 16, into: register)]
            case .transportProtocol: [.loadMeta(.transportProtocol, into: register)]
            case .destinationPort: [.loadPayload(.transport, offset: 2, length: 2, into: register)]
            case .mark: [.loadMeta(.mark, into: register), .networkOrder(register)]
            }
        }
    }
}

extension Nftables {
    /// The flags of a TCP header.
    public struct TCPFlags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let syn = Self(rawValue: 2)
        public static let reset = Self(rawValue: 4)
    }
}

/// The parts of rules, in the form in which nft would write them.
extension [Nftables.Expression] {
    /// `meta nfproto ipv4`
    public static func family(_ family: AddressFamily) -> Self {
        [.loadMeta(.networkProtocol, into: 0), .compare(0, .equal, [family.rawValue])]
    }

    /// `meta l4proto tcp`, by IANA number
    public static func transportProtocol(_ number: UInt8) -> Self {
        [.loadMeta(.transportProtocol, into: 0), .compare(0, .equal, [number])]
    }

    /// `ip daddr . meta l4proto . th dport @set`, or `!= @set`
    public static func fields(_ fields: [Nftables.Field], in set: String, isInverted: Bool = false) -> Self {
        load(fields) + [.lookup(set: set, key: 0, isInverted: isInverted)]
    }

    /// `meta mark set FIELDS map @map`
    public static func setMark(_ fields: [Nftables.Field], from map: String) -> Self {
        load(fields) + [.lookup(set: map, key: 0, data: 0), .setMeta(.mark, from: 0)]
    }

    /// `iif != 0`: packets that came in, and not those that the host itself sends
    public static let forwarded: Self = [
        .loadMeta(.inputInterface, into: 0), .compare(0, .notEqual, [0, 0, 0, 0]),
    ]

    /// `ip daddr >= 224.0.0.0`
    public static func destination(atLeast address: IPAddress) -> Self {
        let bytes = Nftables.SetValue(address).withBytes { [UInt8]($0) }
        return Nftables.Field.destinationAddress(address.family).load(into: 0) + [
            .compare(0, .greaterOrEqual, bytes)
        ]
    }

    /// `meta mark set jhash ip saddr mod 65521 seed 0x706f7274`
    public static func markBySource(_ family: AddressFamily, modulus: UInt32, seed: UInt32) -> Self {
        source(family, prefix: family.bitWidth) + [
            .hash(from: 0, length: UInt32(family.bitWidth / 8), into: 0, modulus: modulus, seed: seed),
            .setMeta(.mark, from: 0),
        ]
    }

    /// `snat ip to FIELDS map @map`; the map's data is an address
    public static func sourceNAT(_ family: AddressFamily, _ fields: [Nftables.Field], from map: String) -> Self {
        load(fields) + [.lookup(set: map, key: 0, data: 0), .sourceNAT(family, address: 0)]
    }

    /// `dnat ip to FIELDS map @map`; the map's data is address . port
    public static func destinationNAT(
        _ family: AddressFamily, _ fields: [Nftables.Field], from map: String
    ) -> Self {
        load(fields) + [
            .lookup(set: map, key: 0, data: 0),
            .destinationNAT(family, address: 0, port: Nftables.Register(slot: family.bitWidth / 32)),
        ]
    }

    /// `ct state established,related`
    public static func connectionState(_ states: Nftables.ConnectionState) -> Self {
        let mask = Swift.withUnsafeBytes(of: states.rawValue) { [UInt8]($0) }
        return [
            .loadConnection(.state, into: 0),
            .bitwise(from: 0, into: 0, mask: mask, xor: [0, 0, 0, 0]),
            .compare(0, .notEqual, [0, 0, 0, 0]),
        ]
    }

    /// `ct direction reply`
    public static func connectionDirection(_ direction: Nftables.ConnectionDirection) -> Self {
        [.loadConnection(.direction, into: 0), .compare(0, .equal, [direction.rawValue])]
    }

    /// `limit rate 5/second burst 10 packets log prefix "…"`
    public static func log(prefix: String, perSecond rate: UInt64, burst: UInt32) -> Self {
        [.limit(rate: rate, seconds: 1, burst: burst), .log(prefix: prefix)]
    }

    /// `limit rate over 100/second burst 200 packets`
    public static func limitOver(rate: UInt64, seconds: UInt64, burst: UInt32) -> Self {
        [.limit(rate: rate, seconds: seconds, burst: burst, isOver: true)]
    }

    /// `ip saddr & 255.255.255.0`, in the first register; a mask of all ones is left out.
    public static func source(_ family: AddressFamily, prefix: Int) -> Self {
        let load = Nftables.Field.sourceAddress(family).load(into: 0)
        guard prefix < family.bitWidth else { return load }
        let mask = (0..<family.bitWidth / 8).map {
            UInt8(truncatingIfNeeded: 0xFF00 >> Swift.min(8, Swift.max(0, prefix - $0 * 8)))
        }
        return load + [.bitwise(from: 0, into: 0, mask: mask, xor: mask.map { _ in 0 })]
    }

    /// `tcp flags & (syn | rst) == syn`, or `!=`, after `meta l4proto tcp`
    public static func tcpFlags(
        _ mask: Nftables.TCPFlags, _ comparison: Nftables.Comparison, _ flags: Nftables.TCPFlags
    ) -> Self {
        [
            .loadPayload(.transport, offset: 13, length: 1, into: 0),
            .bitwise(from: 0, into: 0, mask: [mask.rawValue], xor: [0]),
            .compare(0, comparison, [flags.rawValue]),
        ]
    }

    /// `@th,96,8 1`, the type of the first chunk, or `!=`, after `meta l4proto sctp`
    public static func sctpChunk(_ comparison: Nftables.Comparison, _ type: UInt8) -> Self {
        [.loadPayload(.transport, offset: 12, length: 1, into: 0), .compare(0, comparison, [type])]
    }

    /// `ct mark 0x706f7274`
    public static func connectionMark(_ mark: UInt32) -> Self {
        [.loadConnection(.mark, into: 0), .compare(0, .equal, Swift.withUnsafeBytes(of: mark) { [UInt8]($0) })]
    }

    /// `ct mark set FIELDS map @map`
    public static func setConnectionMark(_ fields: [Nftables.Field], from map: String) -> Self {
        load(fields) + [.lookup(set: map, key: 0, data: 0), .setConnection(.mark, from: 0)]
    }

    /// `ct original ip daddr @set`
    public static func originalDestination(_ family: AddressFamily, in set: String) -> Self {
        [
            .loadOriginal(family == .ipv4 ? .destinationIPv4 : .destinationIPv6, into: 0),
            .lookup(set: set, key: 0),
        ]
    }

    /// `masquerade`
    public static var masquerade: Self { [.masquerade] }

    /// `FIELDS vmap @map`
    public static func verdict(_ fields: [Nftables.Field], from map: String) -> Self {
        load(fields) + [.lookupVerdict(map: map, key: 0)]
    }

    /// `counter name "…"`
    public static func count(on counter: String) -> Self { [.count(on: counter)] }

    /// Accepts the packet, and ends this base chain.
    public static var accept: Self { [.verdict(.accept)] }
    /// Drops the packet.
    public static var drop: Self { [.verdict(.drop)] }
    /// Returns to the calling chain, or to the policy of a base chain.
    public static var `return`: Self { [.verdict(.return)] }
    /// Continues in another chain, and with the next rule here if that chain returns.
    public static func jump(_ chain: String) -> Self { [.verdict(.jump(chain))] }

    /// Continues in another chain, and after it with what called this one.
    public static func goto(_ chain: String) -> Self { [.verdict(.goto(chain))] }

    /// Loads the fields into consecutive registers, from the first on.
    private static func load(_ fields: [Nftables.Field]) -> Self {
        var slot = 0
        return fields.flatMap { field in
            defer { slot += field.slots }
            return field.load(into: Nftables.Register(slot: slot))
        }
    }
}
