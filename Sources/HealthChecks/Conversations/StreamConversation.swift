public import NetworkTypes

/// A conversation over a connection, whatever is spoken. Over TLS it has the decrypted bytes.
public enum StreamConversation: Sendable {
    case http(HTTPConversation)
    case smtp(SMTPConversation)

    /// - Parameter local: this machine's address in the connection.
    /// - Returns: `nil` if nothing is said once the connection stands.
    public init?(_ target: ProbeTarget, local: IPAddress) {
        switch target.check.probe {
        case .http(let http): self = .http(HTTPConversation(http, address: target.address, port: target.port))
        case .smtp: self = .smtp(SMTPConversation(local: local))
        case .tcp, .tls, .dns, .udp, .ping, .command: return nil
        }
    }

    /// What is sent first.
    public var opening: [UInt8] {
        switch self {
        case .http(let http): http.request
        case .smtp: []
        }
    }

    /// Whether anything has come.
    public var hasBegun: Bool {
        switch self {
        case .http(let http): http.hasBegun
        case .smtp(let smtp): smtp.hasBegun
        }
    }

    /// Takes bytes that have come. Once it has ended it must not be told more.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> ConversationStep {
        switch self {
        case .http(var http):
            // The case must not keep the arrays, or each call would copy them.
            self = .smtp(SMTPConversation(local: IPAddress(ipv4: 0)))
            defer { self = .http(http) }
            return http.receive(bytes)
        case .smtp(var smtp):
            defer { self = .smtp(smtp) }
            return smtp.receive(bytes)
        }
    }

    /// The outcome if the server closes the connection now.
    public func close() -> ProbeOutcome {
        switch self {
        case .http(let http): http.close()
        case .smtp(let smtp): smtp.close()
        }
    }
}
