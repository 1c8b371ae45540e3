import NIOHTTP1
import NetworkTypes
import Text

/// The Host field (RFC 9110, section 7.2).
enum HostField {
    /// What is wrong with a request's Host: HTTP/1.1 requires one, and no request may have two (RFC 9112, section
    /// 3.2).
    static func fault(of head: HTTPRequestHead) -> String? {
        let values = head.headers["host"]
        guard values.count <= 1 else { return "The request has \(values.count) Host fields; one is allowed." }
        guard let value = values.first else {
            return head.version.major == 1 && head.version.minor >= 1
                ? "The request has no Host field, which HTTP/1.1 demands." : nil
        }
        guard isWellFormed(value) else { return "The Host field names no host." }
        if let authority = authority(of: head.uri), !authority.lowercased().isExactly(value.lowercased()) {
            return "The request's target and its Host field name two hosts."
        }
        return nil
    }

    /// The host and port of a request target in absolute form (RFC 9112, section 3.2.2): `http://admin:8080/v1`.
    private static func authority(of target: String) -> String? {
        let bytes = Array(target.utf8)
        guard bytes.first != UInt8(ascii: "/"), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        let rest = bytes[(colon + 3)...].prefix { !"/?#".utf8.contains($0) }
        return String(decoding: rest, as: UTF8.self)
    }

    /// Whether the text has only bytes that a URL may have in its host and port (RFC 3986, section 3.2.2). It may be
    /// empty.
    static func isWellFormed(_ text: String) -> Bool {
        let others = Set("-._~!$&'()*+;=:[]%".utf8)
        return text.utf8.allSatisfy {
            ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39 || others.contains($0)
        }
    }

    /// Whether the text names this machine's loopback: `localhost` or a loopback address, with or without a port.
    static func isLoopback(_ text: String) -> Bool {
        var host = Array(text.utf8)[...]
        let colon = UInt8(ascii: ":")
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let rest = host[(end + 1)...]
            guard rest.isEmpty || rest.first == colon && isPort(rest.dropFirst()) else { return false }
            let address = IPAddress(String(decoding: host[1..<end], as: UTF8.self))
            return address?.family == .ipv6 && address?.isLoopback == true
        }
        if let sign = host.lastIndex(of: colon) {
            guard isPort(host[(sign + 1)...]) else { return false }
            host = host[..<sign]
        }
        let name = String(decoding: host, as: UTF8.self)
        if ["localhost", "localhost."].contains(name.lowercased()) { return true }
        let address = IPAddress(name)
        return address?.family == .ipv4 && address?.isLoopback == true
    }

    private static func isPort(_ digits: ArraySlice<UInt8>) -> Bool {
        digits.count <= 5 && digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
}
