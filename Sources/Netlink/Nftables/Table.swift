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
