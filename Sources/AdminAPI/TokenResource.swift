import JSON
import Names

/// A token in a list (`GET /v1/tokens`): never its secret.
public struct TokenResource: Sendable, Hashable {
    /// What its holder may do.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Everything.
        case admin
        /// Read everything.
        case read
        /// Fetch `services.csv` of one location, which also counts as the heartbeat of one gateway.
        case gateway
        /// Fetch the configuration of the service to which it is bound, including secrets.
        case service
    }

    public var name: String
    public var role: Role
    /// The service to which a token of role `service` is bound.
    public var service: String?
    /// The gateway to which a token of role `gateway` is bound, `LOCATION/NAME`; `nil`: it was made before tokens
    /// were bound to gateways.
    public var gateway: String?
    /// When it was made, RFC 3339 in UTC. The other times have the same form.
    public var createdAt: String
    /// The time from which it is refused; `nil`: never.
    public var expiresAt: String?
    /// The time of the last answered request with it; `nil`: never.
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
    /// The service, for the role `service` only.
    public var service: String?
    /// The gateway, for the role `gateway` only: `LOCATION/NAME`.
    public var gateway: String?
    /// The time from which it is refused, RFC 3339; `nil`: never.
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
    /// The secret for the Authorization field, which is returned only here; `nil` in a dry run.
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
