/// The format of `services.csv`, the contract between ADMIN and its gateways.
///
/// RFC 4180 with a header and LF line ends, in UTF-8 without a byte order mark. The writer sorts the rows by the
/// bytes of their lines, so equal registries give equal bytes; the reader accepts any order. No valid value needs
/// quotes; the reader accepts them where RFC 4180 does.
public enum ServicesCSV {
    /// The columns of the newest version, in the order of the file.
    public enum Column: Int, Sendable, CaseIterable {
        case service, section, transport, addressName, addresses, ports, mark, method, scheduler, persistence,
            drainTime, sources, maximumConnections, maximumRate, limit, onePacket, persistenceMask, hairpin, check,
            slowStart,
            minimum, sorry, exceptions, backendAddress, backendPort, weight

        /// The name in the header.
        public var name: String {
            switch self {
            case .service: "service"
            case .section: "section"
            case .transport: "protocol"
            case .addressName: "address_name"
            case .addresses: "addresses"
            case .ports: "ports"
            case .mark: "fwmark"
            case .method: "method"
            case .scheduler: "scheduler"
            case .persistence: "persistence"
            case .drainTime: "drain_time"
            case .sources: "sources"
            case .maximumConnections: "max_connections"
            case .maximumRate: "max_rate"
            case .limit: "limit"
            case .onePacket: "one_packet"
            case .persistenceMask: "persistence_mask"
            case .hairpin: "hairpin"
            case .check: "check"
            case .slowStart: "slow_start"
            case .minimum: "minimum"
            case .sorry: "sorry"
            case .exceptions: "except"
            case .backendAddress: "backend_address"
            case .backendPort: "backend_port"
            case .weight: "weight"
            }
        }
    }

    /// The largest file a reader takes: 64 MiB.
    public static let maximumSize = 64 << 20
    /// The greatest number of rows that a reader accepts.
    public static let maximumRows = 1_000_000
    /// The longest persistence: 31 days, in seconds.
    public static let maximumPersistence = 31 * 86_400
    /// The longest drain time: 7 days, in seconds.
    public static let maximumDrainTime = 7 * 86_400
    /// The highest limit of a real server's connections. IPVS compares it with a signed number of 32 bits.
    public static let maximumConnections = Int(Int32.max)
    /// The highest rate of new connections of a section, per second.
    public static let maximumRate = 1_000_000
    /// The longest climb of a real server that comes back, in seconds.
    public static let maximumSlowStart = 3_600
    /// The highest weight of a real server.
    public static let maximumWeight = 65_535

    /// Whether `name` may name a service, a section or a pool: `[a-z0-9][a-z0-9._-]{0,62}`.
    public static func isName(_ name: some Sequence<UInt8>) -> Bool {
        var length = 0
        for byte in name {
            switch byte {
            case 0x61...0x7A, 0x30...0x39: break
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                guard length > 0 else { return false }
            default: return false
            }
            length += 1
        }
        return length > 0 && length <= 63
    }
}
