import CNetlink
public import NetworkTypes

extension IPVS {
    /// The identity of a real server within its virtual service.
    public struct DestinationIdentity: Sendable, Hashable, Comparable, CustomStringConvertible {
        public var address: IPAddress
        /// The port; 0 in a service by mark, where the client's port is kept.
        public var port: UInt16

        public init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }

        public static func < (a: Self, b: Self) -> Bool {
            a.address != b.address ? a.address < b.address : a.port < b.port
        }

        /// `10.1.0.11:8080`
        public var description: String { address.endpoint(port) }
    }

    /// How packets reach a real server (`IP_VS_CONN_F_FWD_MASK`).
    public enum ForwardingMethod: UInt32, Sendable, Hashable, CaseIterable, CustomStringConvertible {
        case masquerade = 0
        case localNode = 1
        case tunnel = 2
        case direct = 3
        case bypass = 4

        /// `masq`, `local`, `tunnel`, `direct`, `bypass`
        public var description: String {
            switch self {
            case .masquerade: "masq"
            case .localNode: "local"
            case .tunnel: "tunnel"
            case .direct: "direct"
            case .bypass: "bypass"
            }
        }
    }

    /// The encapsulation of `.tunnel` (`IPVS_DEST_ATTR_TUN_*`). SET resets what it leaves out, so all
    /// three are always sent.
    public struct Tunnel: Sendable, Hashable {
        /// The kinds of encapsulation (`IP_VS_CONN_F_TUNNEL_TYPE_*`).
        public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
            case ipip = 0
            case gue = 1
            case gre = 2
        }

        public var kind: Kind
        /// The UDP port of GUE, else 0.
        public var port: UInt16
        /// `IP_VS_TUNNEL_ENCAP_FLAG_*`: 1 checksum, 2 remote checksum.
        public var flags: UInt16

        public init(kind: Kind = .ipip, port: UInt16 = 0, flags: UInt16 = 0) {
            self.kind = kind
            self.port = port
            self.flags = flags
        }
    }

    /// The settings of a real server.
    public struct DestinationSettings: Sendable, Hashable {
        /// How packets reach the server.
        public var method: ForwardingMethod
        /// 0 to 2³¹-1; a server with weight 0 gets no new connections.
        public var weight: UInt32
        /// At this number of connections, no new ones are accepted; 0: no limit.
        public var upperThreshold: UInt32
        /// Below this number of connections, new ones are accepted again; 0: three quarters of `upperThreshold`.
        public var lowerThreshold: UInt32
        /// The encapsulation, for the method `.tunnel`.
        public var tunnel: Tunnel

        public init(
            method: ForwardingMethod = .masquerade, weight: UInt32 = 1, upperThreshold: UInt32 = 0,
            lowerThreshold: UInt32 = 0, tunnel: Tunnel = Tunnel()
        ) {
            self.method = method
            self.weight = weight
            self.upperThreshold = upperThreshold
            self.lowerThreshold = lowerThreshold
            self.tunnel = tunnel
        }
    }

    /// A real server: its identity and its settings.
    public struct Destination: Sendable, Hashable {
        public var identity: DestinationIdentity
        public var settings: DestinationSettings

        public init(_ identity: DestinationIdentity, _ settings: DestinationSettings) {
            self.identity = identity
            self.settings = settings
        }
    }
}
