import Netlink
import NetworkTypes

/// A packet that must pass the chains of other tables. A field that is not known is `nil`.
struct SamplePacket: Sendable, Hashable {
    /// A description: `answers of 10.1.0.11:8080/tcp`.
    var words: String
    var family: AddressFamily
    var transport: TransportProtocol
    var source: IPAddress?
    var sourcePort: UInt16?
    var destination: IPAddress?
    var destinationPort: UInt16?
    var input: HostSnapshot.Interface?
    var output: HostSnapshot.Interface?
    var state: Nftables.ConnectionState
    /// What is known of the connection's status: these bits are set. Other bits may be.
    var status: Nftables.ConnectionStatus = []
    /// Whether the packet ends a connection: without it the connection is used, but does not close.
    var isClosing = false
    /// The TCP flags.
    var flags: UInt8 = 0

    /// The bytes of a layer's header; `nil` for each that is not known.
    func header(_ base: Nftables.PayloadBase) -> [UInt8?] {
        switch base {
        case .link: []
        case .network: networkHeader
        case .transport: transportHeader
        }
    }

    private var networkHeader: [UInt8?] {
        let (length, sourceAt, destinationAt, protocolAt) = family == .ipv4 ? (20, 12, 16, 9) : (40, 8, 24, 6)
        var bytes = [UInt8?](repeating: nil, count: length)
        bytes[protocolAt] = transport.rawValue
        for (address, place) in [(source, sourceAt), (destination, destinationAt)] {
            guard let address else { continue }
            for (index, byte) in Nftables.SetValue(address).bytes.enumerated() { bytes[place + index] = byte }
        }
        return bytes
    }

    private var transportHeader: [UInt8?] {
        var bytes = [UInt8?](repeating: nil, count: 20)
        for (port, place) in [(sourcePort, 0), (destinationPort, 2)] {
            guard let port else { continue }
            bytes[place] = UInt8(port >> 8)
            bytes[place + 1] = UInt8(port & 0xFF)
        }
        if transport == .tcp { bytes[13] = flags }
        return bytes
    }

    func meta(_ key: Nftables.MetaKey) -> [UInt8?] {
        switch key {
        // Table `inet portcullis` may already have set the mark, so its value is not known.
        case .mark: [UInt8?](repeating: nil, count: 4)
        case .networkProtocol: [family.rawValue]
        case .transportProtocol: [transport.rawValue]
        case .inputInterface: Self.index(input)
        case .outputInterface: Self.index(output)
        case .inputInterfaceName: Self.name(input)
        case .outputInterfaceName: Self.name(output)
        }
    }

    private static func index(_ interface: HostSnapshot.Interface?) -> [UInt8?] {
        guard let interface else { return [UInt8?](repeating: nil, count: 4) }
        return withUnsafeBytes(of: interface.index) { $0.map { $0 } }
    }

    private static func name(_ interface: HostSnapshot.Interface?) -> [UInt8?] {
        guard let interface else { return [UInt8?](repeating: nil, count: 16) }
        let bytes = Array(interface.name.utf8.prefix(15))
        return bytes + [UInt8](repeating: 0, count: 16 - bytes.count)
    }

    func connection(_ key: Nftables.ConnectionKey) -> [UInt8?] {
        switch key {
        case .state: withUnsafeBytes(of: state.rawValue) { $0.map { $0 } }
        case .direction: [nil]
        case .status, .mark: [nil, nil, nil, nil]
        }
    }

    /// Whether conntrack has an entry for it. For any other packet nothing but the state can be loaded: such a rule does
    /// not match (`nft_ct_get_eval` in net/netfilter/nft_ct.c).
    var isTracked: Bool { state.isDisjoint(with: [.invalid, .untracked]) }
}

extension Nftables.SetValue {
    var bytes: [UInt8] { withBytes { Array($0) } }
}
