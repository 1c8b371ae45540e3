/// A conversation of one datagram and its answer.
public enum DatagramConversation: Sendable {
    case dns(DNSConversation)
    case udp(Probe.UDP)

    /// - Parameter id: random; the number of a DNS query.
    /// - Returns: `nil` if the probe is no such conversation.
    public init?(_ probe: Probe, id: UInt16) {
        switch probe {
        case .dns(let dns):
            guard let conversation = DNSConversation(dns, id: id) else { return nil }
            self = .dns(conversation)
        case .udp(let udp): self = .udp(udp)
        case .tcp, .tls, .http, .smtp, .ping, .command: return nil
        }
    }

    /// The datagram to send.
    public var datagram: [UInt8] {
        switch self {
        case .dns(let dns): dns.query
        case .udp(let udp): udp.send
        }
    }

    /// Takes a datagram that has come from the server; `nil`: the answer is still to come.
    public func receive(_ datagram: UnsafeRawBufferPointer) -> ProbeOutcome? {
        switch self {
        case .dns(let dns): dns.receive(datagram)
        case .udp(let udp):
            datagram.starts(with: udp.expect ?? [])
                ? .success() : .failure("the answer does not begin with what is expected")
        }
    }

    /// The outcome if nothing has come within so many milliseconds.
    public func silence(within time: Int) -> ProbeOutcome {
        if case .udp(let udp) = self, udp.expect == nil { return .success() }
        return .failure(ProbePhrase.noAnswer(within: time))
    }
}
