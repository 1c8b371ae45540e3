import AdminAPI
import Registry

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

    static let anonymous = Identity(
        name: TokenGrant.anonymous, role: .admin, service: nil, gateway: nil, expiresAt: nil)
}

extension Identity {
    init(_ token: TokenRecord) {
        self.init(
            name: token.name, role: token.role, service: token.service, gateway: token.gateway,
            expiresAt: token.expiresAt)
    }
}
