import JSON
import Names

/// A token in a list (`GET /v1/tokens`): never its secret.
public struct TokenResource: Sendable, Hashable {
    /// What its holder may do.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Everything.
        case admin
        /// Reads everything, changes nothing.
        case read
        /// Fetches `services.csv` of one location, and is recorded as one gateway's heartbeat by doing so.
        case gateway
        /// Fetches the configuration of one service, its own, with the secrets in it.
        case service
    }

    public var name: String
    public var role: Role
    /// The service that a token of role `service` is of.
    public var service: String?
    /// The gateway that a token of role `gateway` is of, `LOCATION/NAME`; `nil`: it was made before tokens were bound
    /// to one.
    public var gateway: String?
    /// RFC 3339 in UTC, as the others.
    public var createdAt: String
    /// From when on it is refused; `nil`: it has no end.
    public var expiresAt: String?
    /// When a request with it was answered last; `nil`: never.
    public var lastUsedAt: String?

    public init(
        name: String, role: Role, service: String? = nil, gateway: String? = nil, createdAt: String,
        expiresAt: String? = nil, lastUsedAt: String? = nil
    ) {
        self.name = name
        self.role = role
        self.service = service
        self.gateway = gateway
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
    }
}

/// Body of `POST /v1/tokens`.
public struct TokenCreation: Sendable, Hashable {
    public var name: String
    public var role: TokenResource.Role
    /// Of the role `service`, and of no other.
    public var service: String?
    /// Of the role `gateway`, and of no other: `LOCATION/NAME`.
    public var gateway: String?
    /// RFC 3339; `nil`: it has no end.
    public var expiresAt: String?

    public init(
        name: String, role: TokenResource.Role, service: String? = nil, gateway: String? = nil,
        expiresAt: String? = nil
    ) {
        self.name = name
        self.role = role
        self.service = service
        self.gateway = gateway
        self.expiresAt = expiresAt
    }
}

/// Answer of `POST /v1/tokens`.
public struct CreatedToken: Sendable, Hashable {
    public var token: TokenResource
    /// What goes into the Authorization field. It is told this once; `nil` in a dry run.
    public var secret: String?

    public init(token: TokenResource, secret: String?) {
        self.token = token
        self.secret = secret
    }
}

// MARK: Forms

extension TokenResource: Described {
    package static let form = Form<Self>.object(
        "Token", .required("name", .name(.token), \.name), .required("role", .choice, \.role),
        .present("service", .serviceName, \.service), .present("gateway", .gatewayName, \.gateway),
        .required("createdAt", .time, \.createdAt), .present("expiresAt", .time, \.expiresAt),
        .present("lastUsedAt", .time, \.lastUsedAt)
    ) {
        TokenResource(
            name: $0, role: $1, service: $2, gateway: $3, createdAt: $4, expiresAt: $5, lastUsedAt: $6)
    }
}

extension TokenCreation: Described {
    package static let form = Form<Self>.object(
        "TokenCreation", .required("name", .name(.token), \.name), .required("role", .choice, \.role),
        .nullable("service", .serviceName, \.service), .nullable("gateway", .gatewayName, \.gateway),
        .nullable("expiresAt", .time, \.expiresAt)
    ) { TokenCreation(name: $0, role: $1, service: $2, gateway: $3, expiresAt: $4) }
}

extension CreatedToken: Described {
    package static let form = Form<Self>.object(
        "CreatedToken", .required("token", TokenResource.form, \.token), .present("secret", .text, \.secret)
    ) { CreatedToken(token: $0, secret: $1) }
}
