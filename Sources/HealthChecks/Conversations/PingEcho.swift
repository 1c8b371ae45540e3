public import NetworkTypes

/// An ICMP echo request and its reply, as a datagram socket of the kernel sends and receives them: the kernel fills in
/// identifier and checksum.
public struct PingEcho: Sendable, Hashable {
    public var family: AddressFamily
    public var sequence: UInt16
    /// Random, so that nobody else can answer.
    public var nonce: UInt64

    public init(family: AddressFamily, sequence: UInt16, nonce: UInt64) {
        self.family = family
        self.sequence = sequence
        self.nonce = nonce
    }

    /// The request.
    public var request: [UInt8] {
        [family == .ipv4 ? 8 : 128, 0, 0, 0, 0, 0, UInt8(sequence >> 8), UInt8(sequence & 0xFF)]
            + (0..<8).map { UInt8(truncatingIfNeeded: nonce >> (56 - 8 * $0)) }
    }

    /// Reads a reply; `nil` if the bytes are none.
    public init?(reply: UnsafeRawBufferPointer, family: AddressFamily) {
        guard reply.count == 16, reply[0] == (family == .ipv4 ? 0 : 129), reply[1] == 0 else { return nil }
        self.family = family
        sequence = UInt16(reply[6]) << 8 | UInt16(reply[7])
        nonce = reply[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
