/// What the holder of a token may do.
public enum TokenRole: String, Sendable, Hashable, CaseIterable, Codable {
    /// Everything.
    case admin
    /// Reads everything, changes nothing.
    case read
    /// Fetches `services.csv`, and is recorded as a gateway's heartbeat by doing so.
    case gateway
    /// Fetches the configuration of one service, its own, with the secrets in it.
    case service
}

/// A token as the registry knows it: never the secret itself.
public struct TokenRecord: Sendable, Hashable {
    public let name: String
    public let role: TokenRole
    /// The service whose configuration it may read, of role `service`.
    public let service: String?
    /// RFC 3339 in UTC.
    public let createdAt: String
}
