public import Netlink
public import NetworkTypes

/// Which virtual services are ours: IPVS is shared by the whole network namespace, and what is not ours is left alone.
public struct Ownership: Sendable, Hashable {
    /// Public addresses that the export has, or had until its last connections end.
    public var addresses: Set<IPAddress>
    /// Marks that are Portcullis' to give.
    public var marks: ClosedRange<UInt32>

    public init(addresses: Set<IPAddress> = [], marks: ClosedRange<UInt32> = 256...65_535) {
        self.addresses = addresses
        self.marks = marks
    }

    public func contains(_ service: IPVS.ServiceIdentity) -> Bool {
        switch service {
        case .address(let address, _, _): addresses.contains(address)
        case .mark(let mark, _): marks.contains(mark)
        }
    }
}
