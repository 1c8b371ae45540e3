import JSON
import Names

/// A token in a list (`GET /v1/tokens`): never its secret.
public struct TokenResource: Sendable, Hashable {
    /// What its holder may do.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Everything, or within its scope.
        case admin
        /// Read everything, and see what a change would do.
        case read
        /// Fetch `services.csv` of one location, which also counts as the heartbeat of one gateway.
        case gateway
        /// Fetch the configuration of the service to which it is bound, including secrets.
        case service
        /// Read the assignments of the server to which it is bound and the configurations of its services, and report
        /// for it; send the versions that the server has a job to build.
        case server
        /// Be exchanged for the token of a server, once (`POST /v1/join`).
        case join
    }

    public var name: String
    public var role: Role
    /// The service to which a token of role `service` is bound.
    public var service: String?
    /// The gateway to which a token of role `gateway` is bound, `LOCATION/NAME`; `nil`: it was made before tokens
    /// were bound to gateways.
    public var gateway: String?
    /// The server to which a token of role `server` or `join` is bound, or on which one of role `service` counts;
    /// `nil`: that one counts wherever the service is.
    public var server: String?
    /// The locations at which a token of role `admin` may change something; `nil`: all.
    public var locations: [String]?
    /// The types of which a token of role `admin` may change something; `nil`: all.
    public var types: [String]?
    /// When it was made, RFC 3339 in UTC. The other times have the same form.
    public var createdAt: String
    /// The time from which it is refused; `nil`: never.
    public var expiresAt: String?
    /// The time of the last answered request with it; `nil`: never.
    public var lastUsedAt: String?

    public init(
        name: String, role: Role, service: String? = nil, gateway: String? = nil, locations: [String]? = nil,
        types: [String]? = nil, createdAt: String, expiresAt: String? = nil, lastUsedAt: String? = nil,
        server: String? = nil
    ) {
        self.server = server
        self.name = name
        self.role = role
        self.service = service
        self.gateway = gateway
        self.locations = locations
        self.types = types
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
    /// The locations to which a token of role `admin` is restricted, at least one; `nil`: all.
    public var locations: [String]?
    /// The types to which a token of role `admin` is restricted, at least one; `nil`: all.
    public var types: [String]?
    /// The time from which it is refused, RFC 3339; `nil`: never.
    public var expiresAt: String?
    /// The server, for the roles `server` and `join`, and if it is wanted for the role `service`.
    public var server: String?

    public init(
        name: String, role: TokenResource.Role, service: String? = nil, gateway: String? = nil,
        locations: [String]? = nil, types: [String]? = nil, expiresAt: String? = nil, server: String? = nil
    ) {
        self.server = server
        self.name = name
        self.role = role
        self.service = service
        self.gateway = gateway
        self.locations = locations
        self.types = types
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
        .present("locations", .scope(of: .location), \.locations), .present("types", .scope(of: .type), \.types),
        .required("createdAt", .time, \.createdAt), .present("expiresAt", .time, \.expiresAt),
        .present("lastUsedAt", .time, \.lastUsedAt), .present("server", .name(.server), \.server)
    ) {
        TokenResource(
            name: $0, role: $1, service: $2, gateway: $3, locations: $4, types: $5, createdAt: $6, expiresAt: $7,
            lastUsedAt: $8, server: $9)
    }
}

extension TokenCreation: Described {
    package static let form = Form<Self>.object(
        "TokenCreation", .required("name", .name(.token), \.name), .required("role", .choice, \.role),
        .nullable("service", .serviceName, \.service), .nullable("gateway", .gatewayName, \.gateway),
        .nullable("locations", .scope(of: .location), \.locations), .nullable("types", .scope(of: .type), \.types),
        .nullable("expiresAt", .time, \.expiresAt), .nullable("server", .name(.server), \.server)
    ) {
        TokenCreation(
            name: $0, role: $1, service: $2, gateway: $3, locations: $4, types: $5, expiresAt: $6, server: $7)
    }
}

extension Form where Value == [String] {
    /// The names to which a token is restricted. An empty list is no restriction that somebody can mean.
    fileprivate static func scope(of kind: ObjectName.Kind) -> Form {
        let names = Form.set(of: .name(kind), atMost: Limits.scope)
        guard case .object(let members) = names.schema else { return names }
        return Form(
            schema: .object(members + [.init(name: "minItems", value: 1)]),
            read: { field in
                guard field.isStrict, field.value == .array([]) else { return names.read(field) }
                field.fault("at least one is expected; without the member there is no restriction")
                return nil
            }, write: names.write)
    }
}

extension CreatedToken: Described {
    package static let form = Form<Self>.object(
        "CreatedToken", .required("token", TokenResource.form, \.token), .present("secret", .text, \.secret)
    ) { CreatedToken(token: $0, secret: $1) }
}
