/// A conversation of one datagram and its answer.
///
/// What answers something else does not end it: a late answer to the probe before, or one that was made up. The answer may
/// still come, until the timeout; only so many others are looked at.
public struct DatagramConversation: Sendable {
    /// How many datagrams that are no answer are looked at.
    public static let mostOthers = 100

    private enum Kind: Sendable {
        case dns(DNSConversation)
        case udp(Probe.UDP)
    }

    private let kind: Kind
    /// How many datagrams have come that are no answer.
    private var others = 0

    /// - Parameter id: random; the number of a DNS query.
    /// - Returns: `nil` if the probe is no such conversation.
    public init?(_ probe: Probe, id: UInt16) {
        switch probe {
        case .dns(let dns):
            guard let conversation = DNSConversation(dns, id: id) else { return nil }
            kind = .dns(conversation)
        case .udp(let udp): kind = .udp(udp)
        case .tcp, .tls, .http, .smtp, .ping, .command: return nil
        }
    }

    /// The datagram to send.
    public var datagram: [UInt8] {
        switch kind {
        case .dns(let dns): dns.query
        case .udp(let udp): udp.send
        }
    }

    /// Takes a datagram that has come from the server; `nil`: the answer is still to come.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer) -> ProbeOutcome? {
        switch kind {
        case .dns(let dns): if let outcome = dns.receive(datagram) { return outcome }
        case .udp(let udp): if datagram.starts(with: udp.expect ?? []) { return .success() }
        }
        others += 1
        return others < Self.mostOthers ? nil : .failure(mismatch)
    }

    /// The outcome if no answer has come within so many milliseconds.
    public func silence(within time: Int) -> ProbeOutcome {
        if case .udp(let udp) = kind, udp.expect == nil { return .success() }
        return .failure(others > 0 ? mismatch : ProbePhrase.noAnswer(within: time))
    }

    private var mismatch: String {
        switch kind {
        case .dns: "answers to other queries only"
        case .udp: "the answer does not begin with what is expected"
        }
    }
}
