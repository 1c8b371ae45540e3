import CNetlink
public import NetworkTypes

extension IPVS {
    /// The kernel thread that sends connections to the other gateway (master), or receives them (backup). Both may
    /// run at once.
    public struct SyncDaemon: Sendable, Hashable {
        /// Whether the daemon sends connections or receives them.
        public enum Role: UInt32, Sendable, Hashable, CaseIterable {
            case master = 1
            case backup = 2
        }

        public var role: Role
        /// The interface for the multicast packets.
        public var interface: String
        /// 0 to 255. A backup accepts messages with its own id; with 0, it accepts all.
        public var syncID: UInt32
        /// The largest UDP payload; 0: the interface's MTU decides.
        public var maximumLength: UInt16
        /// The multicast group; `nil`: 224.0.0.81.
        public var group: IPAddress?
        /// The UDP port; 0: 8848.
        public var port: UInt16
        /// The TTL of the packets; 0: 1.
        public var ttl: UInt8

        public init(
            role: Role, interface: String, syncID: UInt32 = 0, maximumLength: UInt16 = 0, group: IPAddress? = nil,
            port: UInt16 = 0, ttl: UInt8 = 0
        ) {
            self.role = role
            self.interface = interface
            self.syncID = syncID
            self.maximumLength = maximumLength
            self.group = group
            self.port = port
            self.ttl = ttl
        }
    }

    /// How long idle connections are kept, in seconds; 0 leaves a value unchanged.
    public struct Timeouts: Sendable, Hashable {
        /// For established TCP connections.
        public var tcp: UInt32
        /// For TCP connections after a FIN.
        public var tcpFin: UInt32
        /// For UDP.
        public var udp: UInt32

        public init(tcp: UInt32 = 0, tcpFin: UInt32 = 0, udp: UInt32 = 0) {
            self.tcp = tcp
            self.tcpFin = tcpFin
            self.udp = udp
        }
    }

    /// `IPVS_CMD_GET_INFO`
    public struct Information: Sendable, Hashable {
        /// The version of IPVS in the kernel: `major.minor.patch`.
        public var version: String
        /// The number of buckets of the connection table.
        public var connectionTableSize: UInt32
    }
}
