import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Registry
import Text

extension RouteTable {
    var joinRoutes: [Route] {
        [
            Route(
                method: .post, path: .joining(of: "{server}"), operation: "createJoinToken",
                summary: "Make the token by which a server joins, once; an earlier one goes", access: .admin,
                query: [.dryRun], body: Route.jsonBody(JoinTokenCreation.form), answers: Self.tokenAnswers
            ) { request in
                let server = request.parameter("server")
                let wanted = try await request.read(JoinTokenCreation.form) { wanted, _ in wanted }
                _ = try await registry.state().cloud.server(server)
                try Self.requireTokens(request)
                let expires = registry.now().addingTimeInterval(Double(wanted.seconds ?? 3_600))
                return Self.answer(
                    try await registry.tokens.makeJoinToken(
                        for: server, expires: expires, by: request.identity.name, dryRun: request.isDryRun),
                    to: request)
            },
            Route(
                method: .post, path: .token(of: "{service}", on: "{server}"), operation: "createServiceToken",
                summary: "Make the token by which a service on a server reads its configuration; an earlier one goes",
                access: .server, query: [.dryRun], answers: Self.tokenAnswers
            ) { request in
                let (server, service) = (request.parameter("server"), request.parameter("service"))
                try Self.requireOwn(server, request)
                let cloud = try await registry.state().cloud
                _ = try cloud.server(server)
                guard cloud.isPresent(service, on: server) else {
                    throw ChangeError.missing("service \(service.shownName()) on server \(server)")
                }
                try Self.requireTokens(request)
                return Self.answer(
                    try await registry.tokens.makeServiceToken(
                        for: service, on: server, by: request.identity.name, dryRun: request.isDryRun
                    ) { cloud.isPresent($0, on: server) }, to: request)
            },
            Route(
                method: .post, path: .join, operation: "join",
                summary: "A server exchanges its join token for its own, once: the answer alone has it", access: .open,
                body: Route.jsonBody(JoinRequest.form, atMost: 4_096),
                answers: [
                    Route.Answer(
                        status: .ok, summary: "The server's token",
                        content: [(MediaType.json, JoinAnswer.form.schema)])
                ], problems: [.forbidden, .conflict, .serviceUnavailable]
            ) { request in try await join(request) },
        ]
    }

    /// Throws if there are no tokens at all: one for a server would shut the API to everybody else.
    private static func requireTokens(_ request: APIRequest) throws {
        guard request.identity == .anonymous else { return }
        throw ChangeError.inUse(
            "ADMIN has no token, and is open to whoever can connect: nodes need none. Make a token of role admin first")
    }

    private func join(_ request: APIRequest) async throws -> Response {
        let wanted = try await request.read(JoinRequest.form) { wanted, _ in wanted }
        let secret: String
        do {
            guard try await registry.state().cloud.servers[wanted.server] != nil else { throw JoinError.unknown }
            secret = try await registry.tokens.join(wanted.server, with: wanted.token)
        } catch JoinError.unknown {
            throw Authenticator.forbidden(
                "There is no such join token for the server \(wanted.server): `portcullis nodes join` makes one.")
        } catch JoinError.expired(let time) {
            throw Authenticator.forbidden(
                "The join token has expired: it was good until \(time). `portcullis nodes join` makes another.")
        } catch JoinError.used(let name) {
            throw Authenticator.forbidden(
                "The join token \(name) was used before. If that was not this server, `portcullis nodes remove` takes "
                    + "away what it got; `portcullis nodes join` makes another token.")
        }
        return Response(
            status: .ok, headers: [.contentType: MediaType.json, .cacheControl: "no-store"],
            body: ResponseBody(
                byteBuffer: ByteBuffer(bytes: JoinAnswer(server: wanted.server, token: secret).jsonBytes)))
    }
}
