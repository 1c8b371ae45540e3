import CNetlink

extension Nftables {
    /// A chain. A chain without a hook is reached only by jumps.
    public struct Chain: Sendable, Hashable {
        public var name: String
        /// The hook of a base chain.
        public var hook: Hook?
        /// Whether it belongs to the one rule that jumps to it (`jump { … }`). It is deleted together with that rule,
        /// and cannot be flushed or deleted by itself. Such chains are read but never written.
        public internal(set) var isBound = false

        public init(name: String, hook: Hook? = nil) {
            self.name = name
            self.hook = hook
        }
    }

    /// The hook of a base chain: where, and in which order, it sees packets.
    public struct Hook: Sendable, Hashable {
        /// The type of a base chain.
        public enum Kind: String, Sendable, Hashable, CaseIterable {
            case filter
            case nat
            case route
        }

        /// `NF_INET_*`
        public enum Point: UInt32, Sendable, Hashable, CaseIterable {
            case prerouting = 0
            case input = 1
            case forward = 2
            case output = 3
            case postrouting = 4
            case ingress = 5
        }

        /// The order of chains at a hook; lower values come first.
        public struct Priority: RawRepresentable, Sendable, Hashable {
            public let rawValue: Int32
            public init(rawValue: Int32) { self.rawValue = rawValue }

            public static let raw = Self(rawValue: -300)
            public static let mangle = Self(rawValue: -150)
            public static let destinationNAT = Self(rawValue: -100)
            public static let filter = Self(rawValue: 0)
            public static let security = Self(rawValue: 50)
            public static let sourceNAT = Self(rawValue: 100)
        }

        /// The verdict on a packet that reaches the end of the chain.
        public enum Policy: UInt32, Sendable, Hashable, CaseIterable {
            case drop = 0
            case accept = 1
        }

        public var kind: Kind
        public var point: Point
        public var priority: Priority
        /// The verdict at the end of the chain.
        public var policy: Policy

        public init(_ kind: Kind, _ point: Point, priority: Priority, policy: Policy = .accept) {
            self.kind = kind
            self.point = point
            self.priority = priority
            self.policy = policy
        }
    }
}
