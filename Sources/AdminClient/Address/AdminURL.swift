package import NetworkTypes
import Text

/// The address of an ADMIN: scheme, host and port, without a path.
package struct AdminURL: Sendable, Hashable, CustomStringConvertible {
    /// `http://host:port`, in ASCII, without a slash at the end.
    package let description: String
    /// Whether the scheme is https.
    package let isEncrypted: Bool
    /// The host without brackets: a name or an IP address.
    package let host: String

    /// - Throws: why the text is no valid address.
    package init(_ text: String) throws(AdminURLError) {
        let scheme = ["http://", "https://"].first { text.hasBytePrefix($0) }
        guard let scheme else { throw AdminURLError(text, .scheme) }
        var authority = Substring(text.utf8.dropFirst(scheme.utf8.count))
        while authority.hasByteSuffix("/") { authority = Substring(authority.utf8.dropLast()) }
        guard !authority.hasByte("@") else { throw AdminURLError(text, .userInformation) }
        guard !authority.utf8.contains(where: { "/?#".utf8.contains($0) }) else { throw AdminURLError(text, .path) }
        guard let host = Self.host(of: authority), !host.isEmpty,
            authority.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"\\<>^`{|}".utf8.contains($0) })
        else { throw AdminURLError(text, .authority) }
        description = scheme + authority
        isEncrypted = scheme == "https://"
        self.host = String(host)
    }

    /// The port; that of the scheme where none is given.
    package var port: Int {
        let rest = authority.utf8.dropFirst(host.utf8.count + (authority.hasBytePrefix("[") ? 2 : 0) + 1)
        return Int(Substring(rest)) ?? (isEncrypted ? 443 : 80)
    }

    /// Host and port as they are in the address.
    var authority: Substring { Substring(description.utf8.dropFirst(isEncrypted ? 8 : 7)) }

    /// The host if it is an IP address; `nil` for a name.
    package var ipAddress: IPAddress? { IPAddress(host[...]) }

    /// Whether requests to the address stay on this machine.
    package var isLoopback: Bool { host == "localhost" || ipAddress?.isLoopback == true }

    private static func host(of authority: Substring) -> Substring? {
        var host = authority
        var port: Substring?
        if authority.hasBytePrefix("[") {
            guard let end = authority.firstByte("]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            guard IPAddress(host)?.family == .ipv6 else { return nil }
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.hasBytePrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstByte(":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        if let port, UInt16(port).map({ $0 == 0 }) ?? true { return nil }
        return host
    }
}

/// A text that is no valid address of ADMIN.
package struct AdminURLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with it.
    package enum Reason: String, Sendable {
        case scheme = "it begins with neither http:// nor https://"
        case userInformation = "it names a user; give a token instead"
        case path = "it goes on after host and port"
        case authority = "host or port is not valid"
    }

    /// The text in quotes, without user and password, for messages.
    package let shown: String
    package let reason: Reason

    init(_ text: String, _ reason: Reason) {
        shown = text.withoutUserInformation.printed(atMost: 200)
        self.reason = reason
    }

    package var description: String { "\(shown) is not an address of ADMIN: \(reason.rawValue)" }
}
