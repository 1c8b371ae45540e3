import NetworkTypes
package import ServiceSupport
import Text

/// Where the logs of services are sent: `tcp://logs.example:5140`, or by TLS `tls://logs.example:6514`.
package struct LogTarget: Sendable, Hashable, CustomStringConvertible {
    package let isEncrypted: Bool
    /// A name, or an IP address without brackets.
    package let host: String
    package let port: Int
    package let description: String

    /// - Throws: what is wrong with the text.
    package init(_ text: String) throws(SettingsError) {
        let fault = SettingsError(
            "\(text.printed(atMost: 200)) is neither tcp://HOST:PORT nor tls://HOST:PORT")
        guard let scheme = ["tcp://", "tls://"].first(where: { text.hasBytePrefix($0) }) else { throw fault }
        let authority = Substring(text.utf8.dropFirst(scheme.utf8.count))
        guard let colon = authority.lastByte(":"), let number = UInt16(authority[authority.index(after: colon)...]),
            number > 0
        else { throw fault }
        var host = authority[..<colon]
        if host.hasBytePrefix("["), host.hasByteSuffix("]") {
            host = host.dropFirst().dropLast()
            guard IPAddress(host)?.family == .ipv6 else { throw fault }
        } else if host.hasByte(":") {
            throw fault
        }
        let isName = host.utf8.allSatisfy { byte in
            "-.:".utf8.contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard (1...253).contains(host.utf8.count), isName else { throw fault }
        isEncrypted = scheme == "tls://"  // exact: one of two literals
        self.host = String(host)
        port = Int(number)
        description = text
    }

    /// Whether the host is an address and no name.
    var isAddress: Bool { IPAddress(host[...]) != nil }
}
