import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Registry
import ServiceSupport
import Text

/// Runs between the router and a route's handler: it authenticates, checks the query, and turns errors into problems.
struct RouteResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let route: Route
    let authenticator: Authenticator
    let log: RequestLog
    let large: LargeRequests

    func respond(to request: Request, context: Context) async throws -> Response {
        let start = ContinuousClock.now
        var actor: String?
        var isDryRun = false
        let response = await respond(to: request, context, &actor, &isDryRun)
        log.note(
            request, response.status, query: route.query.map(\.name), actor: actor,
            isChange: route.isChange && !isDryRun, since: start)
        return response
    }

    /// - Parameter actor: set to the name of the token, once it is known.
    private func respond(
        to request: Request, _ context: Context, _ actor: inout String?, _ isDryRun: inout Bool
    ) async -> Response {
        do {
            let (identity, look) = try await authenticator.identify(request, for: route.access)
            actor = identity.name
            let query = Result { try Self.query(of: request, allowed: route.query) }
            let wantsDryRun = (try? query.get())?[Route.Parameter.dryRun.name] == "true"
            try authenticator.authorize(identity, for: route.access, isDryRun: wantsDryRun)
            if route.access != .open { Connection.current?.becomeKnown() }
            let path = Dictionary(
                uniqueKeysWithValues: route.pathParameters.map { name in
                    (name, context.parameters.get(name).map { $0.removingPercentEncoding ?? $0 } ?? "")
                })
            let values = try query.get()
            func answer(_ ticket: LargeRequests.Ticket?) async throws -> Response {
                let call = try APIRequest(
                    route: route, request: request, path: path, query: values, identity: identity,
                    look: look, authenticator: authenticator, ticket: ticket)
                isDryRun = call.isDryRun
                return try await route.handle(call)
            }
            let response = isLarge(request) ? try await large.run(answer) : try await answer(nil)
            return request.method == .head ? Self.withoutBody(response) : response
        } catch {
            let response = Self.problem(for: error, logger: context.logger).response
            return request.method == .head ? Self.withoutBody(response) : response
        }
    }

    /// Whether the body may be large. A body that is longer than the route allows is refused before it is read.
    private func isLarge(_ request: Request) -> Bool {
        guard let body = route.body, !body.isStreamed, body.limit > LargeRequests.threshold else { return false }
        guard let length = request.headers[.contentLength].flatMap({ Int($0) }) else { return true }
        return length > LargeRequests.threshold && length <= body.limit
    }

    /// The parameters of the query. Unknown ones are refused: a misspelt `dry_run` must not lead to a write.
    private static func query(of request: Request, allowed: [Route.Parameter]) throws -> [String: String] {
        var query: [String: String] = [:]
        for pair in (request.uri.query ?? "").splitBytes("&", omittingEmpty: true) {
            let parts = pair.splitBytes("=", maxSplits: 1)
            guard let name = decoded(parts[0]), let value = decoded(parts.count == 2 ? parts[1] : "") else {
                throw APIProblem.badRequest("?", "The query is not percent-encoded UTF-8.")
            }
            guard allowed.contains(where: { $0.name.isExactly(name) }) else {
                let known = allowed.map(\.name).joined(separator: ", ")
                throw APIProblem.badRequest(
                    "?\(name.shownName())",
                    "Unknown query parameter; \(allowed.isEmpty ? "none is allowed here" : "allowed: \(known)").")
            }
            guard query.updateValue(value, forKey: name) == nil else {
                throw APIProblem.badRequest("?\(name)", "The query parameter is given twice.")
            }
        }
        return query
    }

    private static func decoded(_ text: Substring) -> String? {
        text.replacingByte("+", with: " ").removingPercentEncoding
    }

    private static func withoutBody(_ response: Response) -> Response {
        Response(status: response.status, headers: response.headers)
    }

    /// Turns any error into a problem. An unexpected error is logged; the client is not told its details.
    static func problem(for error: any Error, logger: Logger) -> APIProblem {
        switch error {
        case let problem as APIProblem: return problem
        case let error as ConditionalPoll.EndingConnection:
            var problem = problem(for: error.cause, logger: logger)
            problem.headers[.connection] = "close"
            return problem
        case let error as ChangeError: return problem(for: error)
        case let error as VersionError: return APIProblem(error)
        case let error as FileError:
            logger.error("the directory of versions cannot be used", metadata: ["error": "\(error)"])
            return APIProblem(
                .serviceUnavailable, "The directory of versions cannot be used now; ADMIN's log says why.",
                headers: [.retryAfter: "5"])
        case RegistryError.unvouched(let text): return Authenticator.forbidden(text)
        case RegistryError.unavailable(let text): return unavailable(text, logger: logger)
        case is CancellationError:
            // The client has disconnected, or ADMIN is shutting down: nobody receives the answer.
            logger.debug("request given up")
            return APIProblem(.serviceUnavailable, "The request was given up.", headers: [.retryAfter: "5"])
        default:
            logger.error("request failed", metadata: ["error": "\(error)"])
            return APIProblem(.internalServerError, "ADMIN failed; its log says why.")
        }
    }

    private static func problem(for error: ChangeError) -> APIProblem {
        switch error {
        case .missing: APIProblem(.notFound, "\(error)".capitalizedSentence)
        case .exists: APIProblem(.conflict, "\(error)".capitalizedSentence)
        case .inUse: APIProblem(.conflict, "\(error)".capitalizedSentence, kind: .inUse)
        case .noServer(_, let faults):
            APIProblem(.conflict, "\(error)".capitalizedSentence, errors: faults.map(Problem.Fault.init))
        case .invalid(let faults): .invalid(faults.map(Problem.Fault.init))
        case .metaConfiguration(let faults):
            APIProblem(
                .unprocessableContent, "The meta-configuration is faulty.", errors: faults.map(Problem.Fault.init),
                kind: .metaConfiguration)
        case .outsideScope(let text, let fault):
            Authenticator.forbidden(text.capitalizedSentence, errors: [Problem.Fault(fault)])
        case .contradiction(let faults):
            APIProblem(
                .conflict, "The cloud would contradict itself; nothing was changed.",
                errors: faults.map(Problem.Fault.init),
                kind: .contradiction)
        }
    }

    private static func unavailable(_ text: String, logger: Logger) -> APIProblem {
        logger.error("database unavailable", metadata: ["error": "\(text)"])
        return APIProblem(
            .serviceUnavailable, "The registry cannot be used now: \(text).", headers: [.retryAfter: "5"])
    }
}

extension String {
    /// A message as a sentence: with a capital letter at the beginning and a full stop at the end.
    var capitalizedSentence: String {
        prefix(1).uppercased() + dropFirst() + (hasSuffix(".") ? "" : ".")
    }
}
