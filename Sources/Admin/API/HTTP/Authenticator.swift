import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import Names
import Registry
import Text

/// Determines who sent a request, and whether the role is sufficient.
struct Authenticator: Sendable {
    let tokens: TokenStore
    /// Whether everybody may do everything as long as there are no tokens. Only for servers to which nobody but this
    /// machine can connect.
    let isOpenWithoutTokens: Bool

    /// - Returns: the sender, and what the database returned; `nil` if it was not asked.
    func identify(
        _ request: Request, for access: Route.Access
    ) async throws -> (identity: Identity, look: TokenLook?) {
        if case .open = access { return (.anonymous, nil) }
        guard let field = request.headers[.authorization] else {
            if isOpenWithoutTokens {
                let look = try await tokens.look(for: nil)
                if look.isOpen {
                    try Self.checkLoopback(request.head.authority)
                    return (.anonymous, look)
                }
            }
            throw Self.unauthorized("An Authorization field with a bearer token is needed.", error: nil)
        }
        guard let token = BearerToken(authorization: field) else {
            throw Self.unauthorized("The Authorization field holds no bearer token.", error: "invalid_request")
        }
        let hash = Data(token.hash)
        let look = try await tokens.look(for: hash)
        guard let record = look.record else {
            throw Self.unauthorized("The bearer token is not known.", error: "invalid_token")
        }
        guard record.role != .join else {
            throw Self.unauthorized(
                "The token \(record.name) is for joining: it is exchanged for the server's own (POST /v1/join).",
                error: "invalid_token")
        }
        let now = tokens.now()
        guard !record.isExpired(at: Timestamp.text(now)) else {
            throw Self.unauthorized(
                "The bearer token \(record.name) has expired: it was good until \(record.expiresAt ?? "").",
                error: "invalid_token")
        }
        tokens.uses.note(hash, at: now)
        return (Identity(record), look)
    }

    /// Throws a 403 if the role, or the scope, is not sufficient. Whether a change is within the scope, `Registry.write`
    /// finds out.
    ///
    /// - Parameter isDryRun: whether a change is only to be reported.
    func authorize(_ identity: Identity, for access: Route.Access, isDryRun: Bool) throws {
        guard access.allows(identity, isDryRun: isDryRun) else {
            let rank = "the role \(identity.role)" + (identity.scope.isEverything ? "" : " for \(identity.scope) only")
            throw Self.forbidden("Token \(identity.name) has \(rank), which does not suffice.")
        }
    }

    /// Throws unless the request's host is a name of this machine's loopback. A web page can reach a loopback address
    /// through a name of its own; the request then has that name.
    private static func checkLoopback(_ host: String?) throws {
        guard let host, HostField.isLoopback(host) else {
            let called = (host ?? "").isEmpty ? "the request names no host" : "not \"\((host ?? "").shownName())\""
            throw forbidden("While no token is configured ADMIN is called localhost, 127.0.0.1 or [::1]; \(called).")
        }
    }

    static func forbidden(_ detail: String, errors: [Problem.Fault] = []) -> APIProblem {
        APIProblem(
            .forbidden, detail, errors: errors,
            headers: [.wwwAuthenticate: #"Bearer realm="portcullis", error="insufficient_scope""#])
    }

    /// RFC 6750, section 3: without credentials the challenge has no error code.
    private static func unauthorized(_ detail: String, error: String?) -> APIProblem {
        let challenge = #"Bearer realm="portcullis""# + (error.map { #", error="\#($0)""# } ?? "")
        return APIProblem(.unauthorized, detail, headers: [.wwwAuthenticate: challenge])
    }
}
