public import NetworkTypes

extension IPVS {
    /// The identity of a virtual service.
    public enum ServiceIdentity: Sendable, Hashable {
        /// A service at an address, protocol and port. Port 0 accepts every port (persistent services only).
        case address(IPAddress, TransportProtocol, port: UInt16)
        /// A service for packets with a firewall mark, for one address family. The mark is never 0.
        case mark(UInt32, AddressFamily)

        /// The family of the service's addresses; a mark has one too.
        public var family: AddressFamily {
            switch self {
            case .address(let address, _, _): address.family
            case .mark(_, let family): family
            }
        }

        /// The address; `nil` for a service by mark.
        public var address: IPAddress? {
            switch self {
            case .address(let address, _, _): address
            case .mark: nil
            }
        }
    }
}

extension IPVS.ServiceIdentity: Comparable {
    /// Orders services by address first (address, protocol, port), then those by mark (mark, family).
    public static func < (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.address(let a, let aProtocol, let aPort), .address(let b, let bProtocol, let bPort)):
            if a != b { return a < b }
            return aProtocol != bProtocol ? aProtocol < bProtocol : aPort < bPort
        case (.mark(let a, let aFamily), .mark(let b, let bFamily)):
            return a != b ? a < b : aFamily < bFamily
        case (.address, .mark): return true
        case (.mark, .address): return false
        }
    }
}

extension IPVS.ServiceIdentity: CustomStringConvertible {
    /// `198.51.100.36:80/tcp`, `[2001:db8::36]:80/tcp`, `mark 257 (IPv4)`
    public var description: String {
        switch self {
        case .address(let address, let transport, let port): "\(address.endpoint(port))/\(transport)"
        case .mark(let mark, let family): "mark \(mark) (\(family))"
        }
    }
}
