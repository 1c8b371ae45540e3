public import Netlink
public import NetworkTypes

/// Which virtual services Portcullis owns. IPVS is shared by the whole network namespace, and everything else in it
/// is left alone.
public struct Ownership: Sendable, Hashable {
    /// The public addresses of the export, and those that have left it but still have connections.
    public var addresses: Set<IPAddress>
    /// The range from which Portcullis assigns firewall marks.
    public var marks: ClosedRange<UInt32>

    public init(addresses: Set<IPAddress> = [], marks: ClosedRange<UInt32> = 256...65_535) {
        self.addresses = addresses
        self.marks = marks
    }

    /// Whether a service is on a public address, or has a mark, that belongs to Portcullis.
    public func contains(_ service: IPVS.ServiceIdentity) -> Bool {
        switch service {
        case .address(let address, _, _): addresses.contains(address)
        case .mark(let mark, _): marks.contains(mark)
        }
    }
}
