import Glibc
import NetworkTypes

/// An address and a port as the kernel takes them. Made once for each target.
struct SocketName {
    private var storage = sockaddr_storage()
    private let length: socklen_t
    let family: Int32

    init(_ address: IPAddress, port: UInt16) {
        switch address.family {
        case .ipv4:
            family = AF_INET
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: address.networkBytes) }
            store(name)
        case .ipv6:
            family = AF_INET6
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            var name = sockaddr_in6()
            name.sin6_family = sa_family_t(AF_INET6)
            name.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.networkBytes) }
            store(name)
        }
    }

    private mutating func store<Name>(_ name: Name) {
        withUnsafeMutableBytes(of: &storage) { storage in
            withUnsafeBytes(of: name) { storage.copyMemory(from: $0) }
        }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// This machine's address in a connection.
    static func local(of descriptor: Int32) -> IPAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        return withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET: IPAddress(networkBytes: bytes[4..<8])
            case AF_INET6: IPAddress(networkBytes: bytes[8..<24])
            default: nil
            }
        }
    }
}
