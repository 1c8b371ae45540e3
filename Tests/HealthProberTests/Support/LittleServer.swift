import Foundation
import Glibc
import NetworkTypes
import Synchronization

/// A server on loopback that has a thread for each connection, and does there what a test says.
final class LittleServer: Sendable {
    private let listener: Int32
    let port: UInt16

    /// - Parameter body: gets each connection, and need not close it. `nil`: connections are never accepted.
    init(_ body: (@Sendable (Connection) -> Void)?) throws {
        (listener, port) = try Self.bound(SOCK_STREAM)
        guard listen(listener, 64) == 0 else { throw POSIXError(.EIO) }
        guard let body else { return }
        let listener = listener
        Thread.detachNewThread {
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                Thread.detachNewThread {
                    let connection = Connection(descriptor)
                    body(connection)
                    connection.end()
                }
            }
        }
    }

    deinit { stop() }

    /// Accepts no more connections: the port refuses them.
    func stop() {
        // Wakes accept(2), as close(2) does not.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// Whether a connection waits to be accepted.
    var hasConnection: Bool {
        var wait = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, 200) == 1
    }

    static func bound(_ kind: __socket_type) throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(kind.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard result else { throw POSIXError(.EADDRINUSE) }
        return (descriptor, UInt16(bigEndian: name.sin_port))
    }

    /// A connection of a client.
    struct Connection: Sendable {
        private let descriptor: Int32

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        /// Reads what has come; empty: the client has closed it.
        @discardableResult func read() -> [UInt8] {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return Array(buffer.prefix(max(0, count)))
        }

        /// Sends. Returns whether the client still reads.
        @discardableResult func send(_ text: some StringProtocol) -> Bool {
            let bytes = Array(text.utf8)
            return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }

        /// Reads until the client closes the connection.
        func wait() { while !read().isEmpty {} }

        /// Closes it with a reset.
        func reset() {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }

        func end() { close(descriptor) }
    }
}

/// A server over UDP that answers each datagram.
final class LittleDatagramServer: Sendable {
    private let descriptor: Int32
    let port: UInt16

    init(_ answer: @escaping @Sendable ([UInt8]) -> [[UInt8]]) throws {
        (descriptor, port) = try LittleServer.bound(SOCK_DGRAM)
        let descriptor = descriptor
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                var name = sockaddr_storage()
                var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                withUnsafeMutablePointer(to: &name) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                        let count = recvfrom(descriptor, &buffer, buffer.count, 0, name, &length)
                        guard count > 0 else { return }
                        for bytes in answer(Array(buffer[..<count])) {
                            sendto(descriptor, bytes, bytes.count, 0, name, length)
                        }
                    }
                }
            }
        }
    }
}
