import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Names
import Registry

extension RouteTable {
    var tokenRoutes: [Route] {
        [
            .get(
                .tokens, operation: "listTokens", "The tokens: whose they are, until when, and used when",
                access: .admin, answering: [TokenResource].form
            ) { request in
                try Self.answer(try await registry.tokens.list().map(TokenResource.init), to: request)
            },
            Route(
                method: .post, path: .tokens, operation: "createToken",
                summary: "Make a token; the answer alone has its secret", access: .admin, query: [.dryRun],
                body: Route.jsonBody(TokenCreation.form),
                answers: Self.tokenAnswers
            ) { request in try await createToken(request) },
            Route(
                method: .delete, path: .token("{token}"), operation: "deleteToken",
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

    static let tokenAnswers = [
        tokenAnswer(.ok, "The token that would be made, with dry_run"),
        tokenAnswer(.created, "The token, with its secret"),
    ]

    private static func tokenAnswer(_ status: HTTPResponse.Status, _ summary: String) -> Route.Answer {
        Route.Answer(
            status: status, summary: summary, content: [(MediaType.json, CreatedToken.form.schema)])
    }

    private func createToken(_ request: APIRequest) async throws -> Response {
        let (grant, expires) = try await request.read(TokenCreation.form) { wanted, _ in
            let grant = TokenGrant(
                name: wanted.name, role: wanted.role, service: wanted.service,
                gateway: wanted.gateway.flatMap { GatewayID($0) }, server: wanted.server,
                scope: ChangeScope(locations: wanted.locations ?? [], types: wanted.types ?? []))
            return (grant, wanted.expiresAt.flatMap(Timestamp.date))
        }
        if request.identity == .anonymous, grant.role != .admin || !grant.scope.isEverything {
            throw APIProblem.invalid([
                .init(
                    pointer: "#/role",
                    detail: "the first token must be of role admin, without a scope: from then on every request "
                        + "needs one")
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
        return Self.answer(made, to: request)
    }

    /// The answer that alone has a token's secret.
    static func answer(_ made: (record: TokenRecord, secret: String), to request: APIRequest) -> Response {
        let isDryRun = request.isDryRun
        let body = CreatedToken(token: TokenResource(made.record), secret: isDryRun ? nil : made.secret).jsonBytes
        return Response(
            status: isDryRun ? .ok : .created, headers: [.contentType: MediaType.json, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension TokenResource {
    init(_ token: TokenRecord) {
        self.init(
            name: token.name, role: token.role, service: token.service, gateway: token.gateway?.description,
            locations: token.scope.locations.isEmpty ? nil : token.scope.locations,
            types: token.scope.types.isEmpty ? nil : token.scope.types, createdAt: token.createdAt,
            expiresAt: token.expiresAt, lastUsedAt: token.lastUsedAt, server: token.server)
    }
}
