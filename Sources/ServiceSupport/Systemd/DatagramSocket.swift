import Glibc

/// Sends datagrams to a socket in the file system or, if the name begins with `@`, in the abstract namespace, as
/// systemd and journald use them. The receiver may restart in between.
package final class DatagramSocket: Sendable {
    private let descriptor: Int32
    private let address: sockaddr_un
    private let length: socklen_t

    /// - Returns: `nil` if the path is no valid socket name.
    package init?(_ path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard !name.isEmpty, name.count < capacity else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        self.address = address
        length = socklen_t(MemoryLayout<sockaddr_un>.size - capacity + name.count)
    }

    deinit { close(descriptor) }

    /// Sends a datagram. Returns whether it succeeded.
    ///
    /// - Parameter isPatient: whether to wait until the receiver has room for it.
    package func send(_ bytes: [UInt8], isPatient: Bool = true) -> Bool {
        let flags = Int32(MSG_NOSIGNAL) | (isPatient ? 0 : Int32(MSG_DONTWAIT))
        return withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, flags, $0, length) == bytes.count
            }
        }
    }
}
