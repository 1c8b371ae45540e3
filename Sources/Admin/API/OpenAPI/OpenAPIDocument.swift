import AdminAPI
import HTTPTypes
import JSON

/// `/openapi.json` (OpenAPI 3.1), made from the routes that the router uses.
struct OpenAPIDocument {
    let routes: [Route]

    var json: JSONValue {
        let paths = routes.reduce(into: [String]()) { paths, route in
            if !paths.contains(route.path.pattern) { paths.append(route.path.pattern) }
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Portcullis ADMIN", "version": "1",
                "description": """
                Locations, servers, service types and services of a cloud, the services export its gateways \
                follow, and the configurations its services work by. Errors are problems (RFC 9457). Every GET can be asked as HEAD. No token is needed \
                    where none is configured, which is so on loopback addresses only.
                """,
            ],
            "paths": .object(paths.map { path in .init(name: path, value: pathItem(path)) }),
            "components": [
                "schemas": .object(Components.all.map { .init(name: $0.name, value: $0.schema) }),
                "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer"]],
                "responses": .object(
                    Self.problemStatuses.map { status in
                        .init(name: "Problem\(status.code)", value: Self.problem(status))
                    }),
            ],
        ]
    }

    private func pathItem(_ path: String) -> JSONValue {
        let routes = routes.filter { $0.path.pattern == path }
        var members: [JSONValue.Member] = []
        let parameters = routes.first?.pathParameters ?? []
        if !parameters.isEmpty {
            members.append(
                .init(
                    name: "parameters",
                    value: .array(
                        parameters.map { name in
                            [
                                "name": .string(name), "in": "path", "required": true,
                                "schema": Schemas.pathParameter(name), "example": Schemas.pathExample(name),
                            ]
                        })))
        }
        for route in routes {
            members.append(.init(name: route.method.rawValue.lowercased(), value: Self.operation(route)))
        }
        return .object(members)
    }

    private static func operation(_ route: Route) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "operationId", value: .string(route.operation)),
            .init(name: "summary", value: .string(route.summary)),
        ]
        let parameters =
            route.query.map { parameter($0, in: "query") } + route.headers.map { parameter($0, in: "header") }
        if !parameters.isEmpty { members.append(.init(name: "parameters", value: .array(parameters))) }
        if let body = route.body {
            members.append(
                .init(
                    name: "requestBody",
                    value: ["required": true, "content": .object([content(body.mediaType, body.schema)])]))
        }
        if case .open = route.access {
        } else {
            members.append(.init(name: "security", value: [["bearer": []]]))
        }
        var responses = route.answers.map { answer in
            JSONValue.Member(name: String(answer.status.code), value: response(answer))
        }
        for status in problemStatuses(of: route) {
            responses.append(
                .init(
                    name: String(status.code),
                    value: ["$ref": .string("#/components/responses/Problem\(status.code)")]))
        }
        members.append(.init(name: "responses", value: .object(responses)))
        return .object(members)
    }

    private static func parameter(_ parameter: Route.Parameter, in place: String) -> JSONValue {
        [
            "name": .string(parameter.name), "in": .string(place), "required": .bool(parameter.isRequired),
            "description": .string(parameter.summary), "schema": parameter.schema,
        ]
    }

    private static func content(_ mediaType: String, _ schema: JSONValue) -> JSONValue.Member {
        .init(name: mediaType, value: ["schema": schema])
    }

    private static func response(_ answer: Route.Answer) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "description", value: .string(answer.summary)),
            .init(name: "headers", value: headers(answer.headers)),
        ]
        if !answer.content.isEmpty {
            members.append(
                .init(name: "content", value: .object(answer.content.map { content($0.mediaType, $0.schema) })))
        }
        return .object(members)
    }

    private static func headers(_ headers: [Route.Parameter]) -> JSONValue {
        .object(
            (headers + [.cacheControl]).map {
                .init(name: $0.name, value: ["description": .string($0.summary), "schema": $0.schema])
            })
    }

    /// The statuses of problems that a route can return: those that follow from its description, and those that it
    /// lists.
    static func problemStatuses(of route: Route) -> [HTTPResponse.Status] {
        var statuses: Set<Int> = [400, 405, 500]
        if case .open = route.access {
        } else {
            statuses.formUnion([401, 403, 503])
        }
        if !route.pathParameters.isEmpty { statuses.insert(404) }
        if route.method == .get { statuses.insert(406) }
        if route.body != nil { statuses.formUnion([408, 413, 415, 422]) }
        if route.isChange { statuses.insert(409) }
        if route.headers.contains(where: { $0.name == "If-Match" }) { statuses.insert(412) }
        statuses.formUnion(route.problems.map(\.code))
        return statuses.sorted().map { HTTPResponse.Status(code: $0) }
    }

    private static let problemStatuses: [HTTPResponse.Status] =
        [400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 416, 422, 500, 503, 507].map {
            HTTPResponse.Status(code: $0)
        }

    private static func problem(_ status: HTTPResponse.Status) -> JSONValue {
        [
            "description": .string(description(of: status)), "headers": headers(problemHeaders[status.code] ?? []),
            "content": .object([content(MediaType.problem, Problem.form.schema)]),
        ]
    }

    private static func description(of status: HTTPResponse.Status) -> String {
        switch status {
        case .methodNotAllowed: "The path was asked with a method that it does not have"
        case .requestTimeout: "The body came too slowly"
        case .internalServerError: "ADMIN failed; its log says why"
        default: APIProblem.title(of: status)
        }
    }

    /// The headers of problems, by status.
    private static let problemHeaders: [Int: [Route.Parameter]] = [
        401: [challenge], 403: [challenge],
        405: [.init(name: "Allow", summary: "The methods of the path", schema: ["type": "string"])],
        415: [
            .init(name: APIHeader.accept, summary: "The media type that is taken", schema: ["type": "string"]),
            .init(name: "Accept-Encoding", summary: "The encoding that is taken", schema: ["type": "string"]),
        ],
        416: [.contentRange],
        503: [.init(name: APIHeader.retryAfter, summary: "Seconds", schema: ["type": "integer", "minimum": 0])],
    ]

    private static let challenge = Route.Parameter(
        name: "WWW-Authenticate", summary: "What token is wanted (RFC 6750)", schema: ["type": "string"])
}
