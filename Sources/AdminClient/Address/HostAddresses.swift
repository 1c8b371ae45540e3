import Glibc
package import NIOCore

/// The addresses of a host.
package enum HostAddresses {
    /// Why there is none, in the words of the C library.
    package struct Failure: Error {
        package let reason: String
    }

    /// All addresses of a name or an address, IPv4 and IPv6, in the order of getaddrinfo(3). Waits for name servers.
    package static func resolve(_ host: String, port: Int) throws(Failure) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, "\(port)", &hints, &first)
        guard result == 0 else { throw Failure(reason: String(cString: gai_strerror(result))) }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let info = next?.pointee {
            next = info.ai_next
            guard let address = info.ai_addr else { continue }
            switch info.ai_family {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    found.append(SocketAddress($0.pointee, host: host))
                }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    found.append(SocketAddress($0.pointee, host: host))
                }
            default: break
            }
        }
        return found
    }
}
