import AdminAPI
import Names
import Registry

/// Who sent a request.
struct Identity: Sendable, Hashable {
    /// The name of the token; `anonymous` if there are no tokens.
    let name: String
    let role: TokenRole
    /// The service to which a token of role `service` is bound.
    let service: String?
    /// The gateway to which a token of role `gateway` is bound; `nil` if it was made before tokens were bound to
    /// gateways.
    let gateway: GatewayID?
    /// The server to which a token is bound.
    var server: String?
    /// What it may change, for the role `admin`.
    let scope: ChangeScope
    /// When the token expires, RFC 3339 in UTC; `nil`: never.
    let expiresAt: String?

    static let anonymous = Identity(
        name: TokenGrant.anonymous, role: .admin, service: nil, gateway: nil, scope: .everything,
        expiresAt: nil)
}

extension Identity {
    /// The author of the changes that it makes.
    var author: ChangeAuthor { ChangeAuthor(name, within: scope) }

    init(_ token: TokenRecord) {
        self.init(
            name: token.name, role: token.role, service: token.service, gateway: token.gateway, server: token.server,
            scope: token.scope, expiresAt: token.expiresAt)
    }
}
