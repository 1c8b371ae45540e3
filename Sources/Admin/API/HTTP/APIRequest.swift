import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import NIOHTTP1
import Names
import Registry
import ServiceSupport
import Text

/// A request that was authenticated, and whose query parameters the route knows.
struct APIRequest: Sendable {
    let route: Route
    let request: Request
    /// The percent-decoded parameters of the path.
    let path: [String: String]
    let query: [String: String]
    let identity: Identity
    /// What the database returned when the request came; `nil` if it was not asked.
    let look: TokenLook?
    /// Whether the change is only reported, not made.
    private(set) var isDryRun: Bool
    /// The ticket of a request with a large body.
    private let ticket: LargeRequests.Ticket?
    private let authenticator: Authenticator

    init(
        route: Route, request: Request, path: [String: String], query: [String: String], identity: Identity,
        look: TokenLook?, authenticator: Authenticator, ticket: LargeRequests.Ticket?
    ) throws {
        self.route = route
        self.request = request
        self.path = path
        self.query = query
        self.identity = identity
        self.look = look
        self.authenticator = authenticator
        self.ticket = ticket
        isDryRun = false
        isDryRun = try boolean(Route.Parameter.dryRun.name)
    }

    var headers: HTTPFields { request.headers }

    /// Throws if the token was removed or has expired since the request began. A held request must not be answered
    /// with rights from its beginning.
    ///
    /// - Returns: what the database returned.
    @discardableResult
    func authenticateAgain() async throws -> TokenLook? {
        try await authenticator.identify(request, for: route.access).look
    }

    /// How long the token remains valid; `nil`: it does not expire.
    var tokenLife: Duration? {
        identity.expiresAt.flatMap(Timestamp.date).map {
            .milliseconds(Int64(max(0, min($0.timeIntervalSince(authenticator.tokens.now()), 1e6) * 1000)))
        }
    }

    /// A parameter of the path, percent-decoded.
    func parameter(_ name: String) -> String { path[name] ?? "" }

    /// A name in the path for an object that may be created; an invalid name is a fault of the request.
    func name(_ parameter: String, of kind: ObjectName.Kind) throws -> String {
        let name = self.parameter(parameter)
        if let problem = ObjectName.problem(with: name, as: kind) {
            throw APIProblem.invalid([
                .init(pointer: "{\(parameter)}", detail: "the name of \(kind.phrase) \(problem)")
            ])
        }
        return name
    }

    /// The name of a service in the path; an invalid one is a fault of the request.
    func serviceName() throws -> ServiceName {
        guard let name = ServiceName(parameter("service")) else {
            throw APIProblem.invalid([.init(pointer: "{service}", detail: ServiceName.rule)])
        }
        return name
    }

    /// An integer in the query.
    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let text = query[name] else { return fallback }
        guard let number = Int(text), range.contains(number), String(number) == text else {
            throw APIProblem.badRequest(
                "?\(name)", "\(name) is an integer from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// `true` or `false` in the query; absent: `false`.
    func boolean(_ name: String) throws -> Bool {
        switch query[name] {
        case nil, "false": return false
        case "true": return true
        case .some: throw APIProblem.badRequest("?\(name)", "\(name) is true or false.")
        }
    }

    /// The bytes of the body, after its media type and length were checked.
    ///
    /// A body that ends early or violates HTTP is the client's fault, in whatever way the connection reports it.
    func bytes() async throws -> [UInt8] {
        guard let body = try openBody() else { return [] }
        let bytes: [UInt8]
        do {
            bytes = try await read(atMost: body.limit)
        } catch is NIOTooManyBytesError {
            throw APIProblem(.contentTooLarge, "The body is longer than \(body.limit) bytes.")
        } catch {
            throw Self.problem(ofBody: error)
        }
        await ticket?.begin()
        try await authenticateAgain()
        return bytes
    }

    /// What is wrong with a body that ends early or violates HTTP.
    static func problem(ofBody error: any Error) -> APIProblem {
        switch error {
        case HTTPParserError.invalidEOFState:
            APIProblem(.badRequest, "The body ends too early.", headers: [.connection: "close"])
        case is HTTPParserError:
            APIProblem(.badRequest, "The body's transfer coding is malformed.", headers: [.connection: "close"])
        default:
            APIProblem(.badRequest, "The connection failed within the body.", headers: [.connection: "close"])
        }
    }

    /// Checks the body's media type and length, and asks for it if the client waits for that; `nil`: there is none.
    func openBody() throws -> Route.Body? {
        guard let body = route.body else { return nil }
        guard let field = headers[.contentType] else {
            throw APIProblem(
                .unsupportedMediaType, "The body's Content-Type is missing; \(body.mediaType) is expected.",
                headers: [.accept: body.mediaType])
        }
        try Self.checkContentType(field, expected: body.mediaType)
        if let encoding = headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw APIProblem(
                .unsupportedMediaType,
                "The Content-Encoding \(encoding.printed(atMost: 40)) is not supported: only identity is.",
                headers: [.acceptEncoding: "identity"])
        }
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > body.limit {
            throw APIProblem(.contentTooLarge, "The body is longer than \(body.limit) bytes.")
        }
        if headers[.expect] != nil { Connection.current?.askForBody() }
        return body
    }

    /// Reads the body into memory that is allocated once: copying it while it grows would take several times its
    /// size.
    private func read(atMost limit: Int) async throws -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(min(headers[.contentLength].flatMap { Int($0) } ?? 0, limit))
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limit else { throw NIOTooManyBytesError(maxBytes: limit) }
            bytes += part.readableBytesView
        }
        return bytes
    }

    private static func checkContentType(_ field: String, expected: String) throws {
        let parts = field.splitOutsideQuotes(";").map { $0.withoutSurroundingSpace }
        guard parts.first?.lowercased().isExactly(expected) == true else {
            throw APIProblem(
                .unsupportedMediaType, "Content-Type \(field.shownName()) is not supported; \(expected) is expected.",
                headers: [.accept: expected])
        }
        for parameter in parts.dropFirst() where parameter.lowercased().hasBytePrefix("charset") {
            guard parameter.fieldParameter?.value.lowercased() != "utf-8" else { continue }
            throw APIProblem(.unsupportedMediaType, "Only charset=utf-8 is supported.", headers: [.accept: expected])
        }
    }

    /// Reads the JSON body.
    ///
    /// Throws a 422 with all its faults.
    ///
    /// - Parameters:
    ///   - repeated: members that repeat the path.
    ///   - use: gets the body, and the object from which it was read.
    func read<Body: Sendable, Value: Sendable>(
        _ form: Form<Body>, agreeing repeated: KeyValuePairs<String, JSONValue> = [:],
        _ use: @escaping @Sendable (Body, JSONObject) -> Value
    ) async throws -> Value {
        let bytes = try await bytes()
        return try await BlockingWork.run {
            let value: JSONValue
            do throws(JSONError) {
                value = try JSONParser.parse(bytes)
            } catch {
                throw APIProblem(
                    .badRequest,
                    error.isWellFormed ? "The body is JSON that ADMIN does not take." : "The body is not JSON.",
                    errors: BodyError(error).faults)
            }
            let list = FaultList(.strict)
            let field = JSONField(value, list: list)
            let object = field.members
            for (name, expected) in repeated { object?.agreeing(name, with: expected) }
            guard let body = form.read(field), let object, list.faults.isEmpty else {
                throw APIProblem.invalid(list.faults)
            }
            return use(body, object)
        }
    }
}
