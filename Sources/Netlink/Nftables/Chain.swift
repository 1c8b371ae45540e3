import CNetlink

extension Nftables {
    /// A chain; one without a hook is only jumped to.
    public struct Chain: Sendable, Hashable {
        public var name: String
        public var hook: Hook?
        /// Whether it belongs to the one rule that jumps to it (`jump { … }`), and goes with that: by itself it can be
        /// neither flushed nor deleted. Such a chain is only read.
        public internal(set) var isBound = false

        public init(name: String, hook: Hook? = nil) {
            self.name = name
            self.hook = hook
        }
    }

    /// Where and when a base chain sees packets.
    public struct Hook: Sendable, Hashable {
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

        /// Lower goes first.
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

        /// What happens to a packet that reaches the chain's end.
        public enum Policy: UInt32, Sendable, Hashable, CaseIterable {
            case drop = 0
            case accept = 1
        }

        public var kind: Kind
        public var point: Point
        public var priority: Priority
        public var policy: Policy

        public init(_ kind: Kind, _ point: Point, priority: Priority, policy: Policy = .accept) {
            self.kind = kind
            self.point = point
            self.priority = priority
            self.policy = policy
        }
    }
}
