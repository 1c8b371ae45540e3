import Foundation
import TestSupport

/// A TCP connection on which a test sends what no HTTP client would.
struct RawConnection {
    private let descriptor: Int32

    private struct Failure: Error {}

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure() }
    }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure()
        }
    }

    /// Sends no more, and still listens.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Breaks the connection off: the other side gets a reset.
    func abort() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    /// What comes up to and with a text, or until the other side closes the connection.
    func text(upTo end: String) async -> String {
        await onOwnThread {
            var text: [UInt8] = []
            var byte: UInt8 = 0
            let end = Array(end.utf8)
            while !text.suffix(end.count).elementsEqual(end), recv(descriptor, &byte, 1, 0) == 1 { text.append(byte) }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// All that comes until the other side closes the connection, which is closed then.
    func rest() async -> String {
        await onOwnThread {
            var text: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 { text += chunk[..<count] }
            close(descriptor)
            return String(decoding: text, as: UTF8.self)
        }
    }
}
