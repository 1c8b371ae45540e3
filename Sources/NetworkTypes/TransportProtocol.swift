/// A transport protocol with its IANA number, as in `meta l4proto` and IPVS.
public enum TransportProtocol: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    case tcp = 6
    case udp = 17
    case sctp = 132

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension TransportProtocol: LosslessStringConvertible, CustomStringConvertible {
    /// Reads the lower-case name: `tcp`, `udp` or `sctp`.
    public init?(_ text: some StringProtocol) {
        guard let match = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = match
    }

    public var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .sctp: "sctp"
        }
    }
}
