import Cloud
import Glibc
import ServiceSupport
import Text

/// A request over HTTP to a service on this server.
struct LocalRequest: Sendable {
    private let check: ServiceTest.HTTPCheck
    private let timeout: Int

    /// - Parameter timeout: seconds for each of connecting, sending and the answer.
    init(_ check: ServiceTest.HTTPCheck, timeout: Int) {
        self.check = check
        self.timeout = timeout
    }

    /// Sends it. Returns why the answer is not the expected one; `nil`: it is.
    func problem() -> String? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return "no socket: \(FileError.reason(errno))" }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = check.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return "port \(check.port): \(FileError.reason(errno))" }
        let request =
            "\(check.method) \(check.path) HTTP/1.1\r\nHost: localhost:\(check.port)\r\n"
            + "User-Agent: portcullis-node\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            return "port \(check.port): the request could not be sent"
        }
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 512)
        while line.count < 4_096, !line.contains(0x0A) {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            line += chunk[..<count]
        }
        let words = String(decoding: line.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self).splitBytes(" ")
        guard words.count >= 2, words[0].hasBytePrefix("HTTP/1."), let status = Int(words[1]) else {
            return "\(check.method) \(check.path): no answer of HTTP came from port \(check.port)"
        }
        return status == check.status
            ? nil : "\(check.method) \(check.path): the answer has status \(status), and \(check.status) is expected"
    }
}
