import Cloud
import NetworkTypes
import Text

/// The address of the server: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
public struct ListenAddress: Sendable, Hashable {
    /// An IP address or a host name, without brackets.
    public let host: String
    /// 0: any free port.
    public let port: Int

    /// Where ADMIN listens unless it is told otherwise.
    public static let standard = ListenAddress(host: "127.0.0.1", port: 8080)

    /// Reads `host:port`; an IPv6 address stands in brackets.
    public init?(_ text: String) {
        guard let colon = text.lastByte(":"), let port = UInt16(text[text.utf8.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasBytePrefix("["), host.hasByteSuffix("]") {
            host = Substring(host.utf8.dropFirst().dropLast())
            guard IPAddress(host)?.family == .ipv6 else { return nil }
        } else {
            guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !":[]".utf8.contains($0) }) else {
                return nil
            }
        }
        self.host = String(host)
        self.port = Int(port)
    }

    private init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// The same host with the port that the system has chosen.
    public func with(port: Int) -> ListenAddress { ListenAddress(host: host, port: port) }

    /// Whether only this machine can connect. A name other than `localhost` may lead anywhere.
    public var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback == true }
}

extension ListenAddress: CustomStringConvertible {
    public var description: String { host.hasByte(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
