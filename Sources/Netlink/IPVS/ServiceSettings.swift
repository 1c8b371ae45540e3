import CNetlink
import NetworkTypes

extension IPVS {
    /// The settings of a virtual service.
    public struct ServiceSettings: Sendable, Hashable {
        /// The scheduler's name in the kernel, at most 15 bytes: `wlc`, `rr`, `mh`, …
        public var scheduler: String
        /// Scheduler flags and one-packet scheduling. The persistence flag follows from `persistence`.
        public var flags: ServiceFlags
        /// Seconds for which a client stays with its real server; 0: not persistent.
        public var persistence: UInt32
        /// The number of leading bits of a client's address that count for persistence: 0 to 32 or 0 to 128; `nil`:
        /// all bits.
        public var persistenceBits: UInt8?
        /// The persistence engine's name (`sip`), if any.
        public var persistenceEngine: String?

        public init(
            scheduler: String = "wlc", flags: ServiceFlags = [], persistence: UInt32 = 0,
            persistenceBits: UInt8? = nil, persistenceEngine: String? = nil
        ) {
            self.scheduler = scheduler
            self.flags = flags
            self.persistence = persistence
            self.persistenceBits = persistenceBits
            self.persistenceEngine = persistenceEngine
        }
    }

    /// `IP_VS_SVC_F_*`, without the persistence flag and the kernel's own "hashed".
    public struct ServiceFlags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Each packet is scheduled independently (UDP only).
        public static let onePacket = Self(rawValue: UInt32(IP_VS_SVC_F_ONEPACKET))
        /// `sched-flag-1`: `sh` and `mh` fall back to another server if the chosen one has weight 0.
        public static let scheduler1 = Self(rawValue: UInt32(IP_VS_SVC_F_SCHED1))
        /// `sched-flag-2`: `sh` and `mh` also hash the client's port.
        public static let scheduler2 = Self(rawValue: UInt32(IP_VS_SVC_F_SCHED2))
        /// `sched-flag-3`
        public static let scheduler3 = Self(rawValue: UInt32(IP_VS_SVC_F_SCHED3))

        static let persistent = Self(rawValue: UInt32(IP_VS_SVC_F_PERSISTENT))
        static let settable: Self = [.onePacket, .scheduler1, .scheduler2, .scheduler3]
    }

    /// A virtual service: its identity and its settings.
    public struct Service: Sendable, Hashable {
        public var identity: ServiceIdentity
        public var settings: ServiceSettings

        public init(_ identity: ServiceIdentity, _ settings: ServiceSettings) {
            self.identity = identity
            self.settings = settings
        }
    }
}
