public import AdminAPI
public import Names

/// What the holder of a token may do.
public typealias TokenRole = TokenResource.Role

/// A token in the registry, which never has the secret itself.
public struct TokenRecord: Sendable, Hashable {
    public let name: String
    public let role: TokenRole
    /// The service whose configuration it may read, for the role `service`.
    public let service: String?
    /// The gateway to which it is bound, for the role `gateway`; `nil` if it was made before tokens were bound to
    /// gateways.
    public let gateway: GatewayID?
    /// The server to which it is bound, for the roles `server` and `join`; for the role `service` the one on which alone
    /// it counts.
    public var server: String?
    /// What it may change, for the role `admin`.
    public var scope = ChangeScope.everything
    /// RFC 3339 in UTC.
    public let createdAt: String
    /// The time from which it is refused, RFC 3339 in UTC; `nil`: never.
    public let expiresAt: String?
    /// The time of the last answered request with it, RFC 3339 in UTC; `nil`: never. It may be half a minute old.
    public var lastUsedAt: String?

    /// The service or gateway to which it is bound, or its scope: `tg.3`, `tcn/gw1`, `location tcn, type pgw`.
    public var subject: String? {
        service.map { service in server.map { "\(service) on \($0)" } ?? service } ?? gateway?.description ?? server
            ?? (scope.isEverything ? nil : scope.description)
    }

    /// What was granted with it.
    package var grant: TokenGrant {
        TokenGrant(name: name, role: role, service: service, gateway: gateway, server: server, scope: scope)
    }

    /// Whether its holder may change everything.
    public var isUnrestricted: Bool { role == .admin && scope.isEverything }

    /// Whether it has expired.
    ///
    /// - Parameter time: RFC 3339 in UTC with milliseconds, like `expiresAt`: such texts sort by time.
    package func isExpired(at time: @autoclosure () -> String) -> Bool { expiresAt.map { $0 <= time() } ?? false }
}
