import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Registry

extension RouteTable {
    var tokenRoutes: [Route] {
        [
            .get(
                "/v1/tokens", operation: "listTokens", "The tokens: whose they are, until when, and used when",
                access: .admin, schema: Schemas.list(of: Schemas.reference("Token"))
            ) { request in
                try Self.answer(try await registry.tokens.list().map(TokenResource.init), to: request)
            },
            Route(
                method: .post, path: "/v1/tokens", operation: "createToken",
                summary: "Make a token; the answer alone has its secret", access: .admin, query: [.dryRun],
                body: Route.jsonBody("TokenCreation"),
                answers: [
                    Self.tokenAnswer(.ok, "The token that would be made, with dry_run"),
                    Self.tokenAnswer(.created, "The token, with its secret"),
                ]
            ) { request in try await createToken(request) },
            Route(
                method: .delete, path: "/v1/tokens/{token}", operation: "deleteToken",
                summary: "Take a token away: it is refused within a second, also where a poll is held with it",
                access: .admin, query: [.dryRun], answers: [.changedList]
            ) { request in
                let name = request.parameter("token")
                guard name != request.identity.name else {
                    throw ChangeError.inUse(
                        "this request was made with the token \(name): take it away with another one, or with "
                            + "`portcullis-admin token remove`")
                }
                try await registry.tokens.remove(name: name, by: request.identity.name, dryRun: request.isDryRun)
                return Self.report(
                    ChangeReport(changes: [.init(action: .delete, kind: .token, name: name)], export: []))
            },
        ]
    }

    private static func tokenAnswer(_ status: HTTPResponse.Status, _ summary: String) -> Route.Answer {
        Route.Answer(
            status: status, summary: summary, content: [(MediaTypes.json, Schemas.reference("CreatedToken"))])
    }

    private func createToken(_ request: APIRequest) async throws -> Response {
        let (grant, expires) = try await request.json { field -> (TokenGrant, Date?)? in
            guard let body = field.object(["name", "role", "service", "gateway", "expiresAt"]) else { return nil }
            let name = body.required("name") { $0.name(of: .token) }
            let role = body.required("role") { $0.choice(TokenRole.self) }
            let service = body.optional("service") { field in field.serviceName().map { "\($0.type).\($0.index)" } }
            let gateway = body.optional("gateway") { $0.gatewayID() }
            let expires = body.optional("expiresAt") { $0.time() }
            guard let name, let role, field.list.faults.isEmpty else { return nil }
            return (TokenGrant(name: name, role: role, service: service, gateway: gateway), expires)
        }
        if request.identity == .anonymous, grant.role != .admin {
            throw APIProblem.invalid([
                .init(
                    pointer: "#/role",
                    detail: "the first token must be of role admin: from then on every request needs one")
            ])
        }
        let made: (record: TokenRecord, secret: String)
        do {
            made = try await registry.tokens.add(
                grant, expires: expires, by: request.identity.name, dryRun: request.isDryRun)
        } catch ChangeError.invalid(let faults) {
            throw ChangeError.invalid(
                faults.map { .init(place: $0.place == "expires" ? "#/expiresAt" : "#/\($0.place)", detail: $0.detail) })
        }
        let isDryRun = request.isDryRun
        let body = JSONBody.encode(
            CreatedToken(token: TokenResource(made.record), secret: isDryRun ? nil : made.secret))
        return Response(
            status: isDryRun ? .ok : .created, headers: [.contentType: MediaTypes.json, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension TokenResource {
    init(_ token: TokenRecord) {
        self.init(
            name: token.name, role: Role(token.role), service: token.service, gateway: token.gateway?.description,
            createdAt: token.createdAt, expiresAt: token.expiresAt, lastUsedAt: token.lastUsedAt)
    }
}

extension TokenResource.Role {
    fileprivate init(_ role: TokenRole) {
        self =
            switch role {
            case .admin: .admin
            case .read: .read
            case .gateway: .gateway
            case .service: .service
            }
    }
}

extension JSONField {
    /// `LOCATION/NAME`
    fileprivate func gatewayID() -> GatewayID? {
        guard let text = string() else { return nil }
        guard let id = GatewayID(text) else {
            fault("a gateway is named LOCATION/NAME, as tcn/gw1")
            return nil
        }
        return id
    }

    /// A moment (RFC 3339).
    fileprivate func time() -> Date? {
        guard let text = string() else { return nil }
        guard let time = Timestamp.date(text) else {
            fault("a time is expected (RFC 3339), as 2027-01-31T00:00:00Z")
            return nil
        }
        return time
    }
}
