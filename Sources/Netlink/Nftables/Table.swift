import CNetlink

extension Nftables {
    /// The family of a table (`NFPROTO_*`).
    public enum Family: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
        case inet = 1
        case ip = 2
        case arp = 3
        case netdev = 5
        case bridge = 7
        case ip6 = 10

        public var description: String {
            switch self {
            case .inet: "inet"
            case .ip: "ip"
            case .arp: "arp"
            case .netdev: "netdev"
            case .bridge: "bridge"
            case .ip6: "ip6"
            }
        }
    }

    /// The identity of a table: family and name.
    public struct Table: Sendable, Hashable, CustomStringConvertible {
        public var family: Family
        public var name: String

        public init(family: Family = .inet, name: String) {
            self.family = family
            self.name = name
        }

        /// `inet portcullis`
        public var description: String { "\(family) \(name)" }
    }

    /// The flags of a table (`NFT_TABLE_F_…`).
    public struct TableFlags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The chains of the table see no packets.
        public static let dormant = Self(rawValue: NFT_TABLE_F_DORMANT.rawValue)
        /// Only the socket that made the table may change it. `flush ruleset` of other programs leaves it alone, and
        /// the kernel deletes it when the socket is closed. Linux 5.12.
        public static let owner = Self(rawValue: NFT_TABLE_F_OWNER.rawValue)
    }

    /// A named counter's value.
    public struct Counter: Sendable, Hashable {
        public var name: String
        public var packets: UInt64
        public var bytes: UInt64

        public init(name: String, packets: UInt64 = 0, bytes: UInt64 = 0) {
            self.name = name
            self.packets = packets
            self.bytes = bytes
        }
    }
}
