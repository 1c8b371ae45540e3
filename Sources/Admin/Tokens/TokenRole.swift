/// What the holder of a token may do.
public enum TokenRole: String, Sendable, Hashable, CaseIterable, Codable {
    /// Everything.
    case admin
    /// Reads everything, changes nothing.
    case read
    /// Fetches `services.csv`, and is recorded as a gateway's heartbeat by doing so.
    case gateway
}

/// A token as the registry knows it: never the secret itself.
public struct TokenRecord: Sendable, Hashable {
    public let name: String
    public let role: TokenRole
    /// RFC 3339 in UTC.
    public let createdAt: String
}
