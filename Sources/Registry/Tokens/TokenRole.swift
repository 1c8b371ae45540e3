public import AdminAPI

/// What the holder of a token may do.
public typealias TokenRole = TokenResource.Role

/// A token as the registry knows it: never the secret itself.
public struct TokenRecord: Sendable, Hashable {
    public let name: String
    public let role: TokenRole
    /// The service whose configuration it may read, of role `service`.
    public let service: String?
    /// The gateway that it is of, of role `gateway`; `nil`: it was made before tokens were bound to one.
    public let gateway: GatewayID?
    /// RFC 3339 in UTC.
    public let createdAt: String
    /// The moment from which on it is refused, RFC 3339 in UTC; `nil`: none.
    public let expiresAt: String?
    /// When a request with it was answered last, RFC 3339 in UTC; `nil`: never. Up to half a minute old.
    public var lastUsedAt: String?

    /// The service or the gateway that it is of: `tg.3`, `tcn/gw1`.
    public var subject: String? { service ?? gateway?.description }

    /// Whether it has come to its end.
    ///
    /// - Parameter time: RFC 3339 in UTC with milliseconds, as `expiresAt`: such texts sort by time.
    package func isExpired(at time: @autoclosure () -> String) -> Bool { expiresAt.map { $0 <= time() } ?? false }
}
