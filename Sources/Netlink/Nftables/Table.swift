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

    /// What names a table.
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

    /// What a table is, besides its name (`NFT_TABLE_F_…`).
    public struct TableFlags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// No chain of it sees a packet.
        public static let dormant = Self(rawValue: NFT_TABLE_F_DORMANT.rawValue)
        /// The socket that made it alone may change it; others' `flush ruleset` passes it by, and it goes when the
        /// socket is closed. Linux 5.12.
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
