import CNetlink
public import NetworkTypes

extension Nftables {
    /// One of the kernel's 16 registers of 4 bytes. Wider data continues in the following registers.
    public struct Register: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
        /// 0 to 15
        public let slot: Int

        /// - Precondition: `slot` is 0 to 15.
        public init(slot: Int) {
            precondition(0 <= slot && slot < 16, "there are 16 registers")
            self.slot = slot
        }

        public init(integerLiteral slot: Int) { self.init(slot: slot) }

        public static func < (a: Self, b: Self) -> Bool { a.slot < b.slot }

        /// The kernel's number. The first of four slots has the number of the 16-byte register that they form.
        var number: UInt32 {
            slot % 4 == 0 ? NFT_REG_1.rawValue + UInt32(slot / 4) : NFT_REG32_00.rawValue + UInt32(slot)
        }

        init?(number: UInt32) {
            switch number {
            case NFT_REG_1.rawValue...NFT_REG_4.rawValue: slot = Int(number - NFT_REG_1.rawValue) * 4
            case NFT_REG32_00.rawValue...NFT_REG32_15.rawValue: slot = Int(number - NFT_REG32_00.rawValue)
            default: return nil
            }
        }
    }

    /// `NFT_META_*`: properties of a packet that are not in its headers.
    public enum MetaKey: UInt32, Sendable, Hashable, CaseIterable {
        case mark = 3
        /// The index of the interface where a packet came in, in the host's byte order; 0 if the host itself sent it.
        case inputInterface = 4
        /// The index of the interface where a packet goes out.
        case outputInterface = 5
        /// The name of the input interface, 16 bytes, padded with zeros.
        case inputInterfaceName = 6
        /// The name of the output interface, 16 bytes, padded with zeros.
        case outputInterfaceName = 7
        /// The address family, 1 byte.
        case networkProtocol = 15
        /// The transport protocol, 1 byte.
        case transportProtocol = 16
    }

    /// `NFT_PAYLOAD_*_HEADER`
    public enum PayloadBase: UInt32, Sendable, Hashable, CaseIterable {
        case link = 0
        case network = 1
        case transport = 2
    }

    /// `NFT_CT_*`: what conntrack knows about a packet. Nothing matches a packet that is not tracked.
    public enum ConnectionKey: UInt32, Sendable, Hashable, CaseIterable {
        /// A bit of `ConnectionState`, 4 bytes; untracked and invalid packets have one as well.
        case state = 0
        /// `ConnectionDirection`, 1 byte.
        case direction = 1
        /// Bits of `ConnectionStatus`, 4 bytes.
        case status = 2
        /// The connection's mark, in the host's byte order.
        case mark = 3
    }

    /// Addresses of the packets of a connection in its original direction, before any translation.
    public enum OriginalKey: UInt32, Sendable, Hashable, CaseIterable {
        /// `ct original ip daddr`
        case destinationIPv4 = 20
        /// `ct original ip6 daddr`
        case destinationIPv6 = 22
    }

    /// A statement that each element of a dynamic set has for itself.
    public enum ElementStatement: Sendable, Hashable {
        /// Matches packets beyond `rate` in `seconds`, with a burst.
        case limitOver(rate: UInt64, seconds: UInt64, burst: UInt32)
        /// Matches while the element has more than so many connections, as conntrack counts them.
        case connectionsOver(UInt32)
    }

    /// `IPS_*` of linux/netfilter/nf_conntrack_common.h: what has happened to a connection.
    public struct ConnectionStatus: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Its destination was translated (`ct status dnat`).
        public static let destinationNAT = Self(rawValue: 1 << 5)
    }

    /// `IP_CT_DIR_*`: whether a packet has the direction of its connection's first packet.
    public enum ConnectionDirection: UInt8, Sendable, Hashable, CaseIterable {
        case original = 0
        case reply = 1
    }

    /// How a register is compared with bytes (`NFT_CMP_*`).
    public enum Comparison: UInt32, Sendable, Hashable, CaseIterable {
        case equal = 0
        case notEqual = 1
        case less = 2
        case lessOrEqual = 3
        case greater = 4
        case greaterOrEqual = 5
    }

    /// States of a connection as bits (`NF_CT_STATE_BIT`).
    public struct ConnectionState: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let invalid = Self(rawValue: 1)
        public static let established = Self(rawValue: 2)
        public static let related = Self(rawValue: 4)
        public static let new = Self(rawValue: 8)
        public static let untracked = Self(rawValue: 64)
    }

    /// What happens to a packet after a rule.
    public enum Verdict: Sendable, Hashable {
        case accept
        case drop
        case `return`
        case jump(String)
        case goto(String)
    }

    /// A part of a rule. Expressions are evaluated in order; the first that does not match ends the rule.
    public enum Expression: Sendable, Hashable {
        case loadMeta(MetaKey, into: Register)
        case setMeta(MetaKey, from: Register)
        case loadPayload(PayloadBase, offset: UInt32, length: UInt32, into: Register)
        case loadConnection(ConnectionKey, into: Register)
        case setConnection(ConnectionKey, from: Register)
        case loadOriginal(OriginalKey, into: Register)
        case compare(Register, Comparison, [UInt8])
        /// Turns the 4 bytes of a register from the host's byte order into the network's.
        case networkOrder(Register)
        /// Jenkins' hash of the bytes that start in a register, modulo a number, in the host's byte order. The seed is
        /// part of the rule, so that all machines with the same rule agree.
        case hash(from: Register, length: UInt32, into: Register, modulus: UInt32, seed: UInt32)
        /// register & mask ^ xor
        case bitwise(from: Register, into: Register, mask: [UInt8], xor: [UInt8])
        /// Looks up the key that starts in a register. With `data`, copies the map's data there.
        case lookup(set: String, key: Register, data: Register? = nil, isInverted: Bool = false)
        /// Looks up the key that starts in a register in a map of verdicts. Continues with the rule if the map does
        /// not have the key.
        case lookupVerdict(map: String, key: Register)
        /// Adds the key that starts in a register to a dynamic set, or renews its time, and goes on as the element's
        /// statement says. Does not match where the set is full.
        case update(set: String, key: Register, ElementStatement)
        /// Matches while there are at most `rate` packets in `seconds`, with a burst; with `isOver`, from then on.
        case limit(rate: UInt64, seconds: UInt64, burst: UInt32, isOver: Bool = false)
        /// Writes a line to the kernel's log; level 4 is "warning".
        case log(prefix: String, level: UInt32 = 4)
        /// Counts the packet on a named counter.
        case count(on: String)
        case verdict(Verdict)
        case destinationNAT(AddressFamily, address: Register, port: Register?)
        case sourceNAT(AddressFamily, address: Register)
        /// Source NAT to the address of the interface where the packet goes out.
        case masquerade
        /// A match of iptables in a rule of iptables-nft: its name and its structure. Only read, never written.
        case xtablesMatch(String, [UInt8])
        /// A target of iptables in a rule: its name. Only read, never written.
        case xtablesTarget(String)
        /// Any other expression that was read: its name in the kernel.
        case other(String)
    }

    /// A rule of a chain.
    public struct Rule: Sendable, Hashable {
        public var chain: String
        public var expressions: [Expression]
        /// The comment that `nft list` shows, at most 127 bytes.
        public var comment: String?

        public init(in chain: String, _ expressions: [Expression], comment: String? = nil) {
            self.chain = chain
            self.expressions = expressions
            self.comment = comment
        }

        /// A rule made of parts: `Rule(in: "input", .family(.ipv4), .fields([…], in: "ports4"), .accept)`
        public init(in chain: String, comment: String? = nil, _ parts: [Expression]...) {
            self.init(in: chain, parts.flatMap { $0 }, comment: comment)
        }
    }
}
