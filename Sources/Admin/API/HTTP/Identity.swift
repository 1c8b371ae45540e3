import Foundation

/// Who sent a request.
struct Identity: Sendable, Hashable {
    /// The token's name; `anonymous` where no tokens are configured.
    let name: String
    let role: TokenRole
    /// The service that a token of role `service` is of.
    let service: String?
    /// The gateway that a token of role `gateway` is of; `nil`: it was made before tokens were bound to one.
    let gateway: GatewayID?
    /// RFC 3339 in UTC; `nil`: the token has no end.
    let expiresAt: String?
    /// Of the token.
    private let hash: Data?

    static let anonymous = Identity(
        name: "anonymous", role: .admin, service: nil, gateway: nil, expiresAt: nil, hash: nil)

    private init(
        name: String, role: TokenRole, service: String?, gateway: GatewayID?, expiresAt: String?, hash: Data?
    ) {
        self.name = name
        self.role = role
        self.service = service
        self.gateway = gateway
        self.expiresAt = expiresAt
        self.hash = hash
    }

    init(_ token: TokenRecord, hash: Data) {
        self.init(
            name: token.name, role: token.role, service: token.service, gateway: token.gateway,
            expiresAt: token.expiresAt, hash: hash)
    }

    /// What tells its token from any other, one of the same name too.
    var key: String { Self.key(of: hash) }

    /// - Parameter hash: Of a token; `nil`: there is none, and the API is open.
    static func key(of hash: Data?) -> String { hash?.base64EncodedString() ?? "open" }
}
