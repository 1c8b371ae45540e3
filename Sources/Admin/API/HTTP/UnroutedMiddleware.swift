import AdminAPI
import HTTPTypes
import Hummingbird
import Text

/// Answers requests that no route accepts: 405 with the methods of the path, 404, or faults of the HTTP layer, all as
/// problems.
struct UnroutedMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    /// The paths of all routes, split at slashes, with their methods.
    private let templates: [(segments: [Substring], methods: [HTTPRequest.Method])]
    private let log: RequestLog

    init(routes: [Route], log: RequestLog) {
        self.log = log
        var methods: [String: [HTTPRequest.Method]] = [:]
        for route in routes {
            methods[route.path.pattern, default: []] += route.method == .get ? [.get, .head] : [route.method]
        }
        templates = methods.map { (Self.segments($0.key[...]), $0.value) }
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response: Response
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            response = unrouted(request).response
        } catch let error as HTTPError {
            response =
                APIProblem(error.status, error.body ?? error.status.reasonPhrase, headers: error.headers).response
        }
        log.note(request, response.status, actor: nil, since: start)
        return response
    }

    private func unrouted(_ request: Request) -> APIProblem {
        let path = request.uri.path
        let segments = Self.segments(path[...])
        let methods = Set(templates.filter { Self.matches($0.segments, segments) }.flatMap(\.methods))
        guard !methods.isEmpty else { return .notFound("resource at this path") }
        let allowed = methods.map(\.rawValue).sorted().joined(separator: ", ")
        return APIProblem(
            .methodNotAllowed, "\(request.method.rawValue.prefix(40)) is not allowed here; allowed are \(allowed).",
            headers: [.allow: allowed])
    }

    private static func segments(_ path: Substring) -> [Substring] {
        path.splitBytes("/", omittingEmpty: true)
    }

    private static func matches(_ template: [Substring], _ path: [Substring]) -> Bool {
        template.count == path.count && zip(template, path).allSatisfy { $0.hasBytePrefix("{") || $0.isExactly($1) }
    }
}
