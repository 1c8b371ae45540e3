import AdminAPI
import HTTPTypes
import JSON

/// The parts of an operation's request, for tools that send variations of it.
package struct SampleRequest: Sendable {
    /// OpenAPI's operationId.
    package let operation: String
    package let method: String
    /// The path, with an example of each parameter: `/v1/locations/tcn`.
    package let path: String
    /// The names of the query parameters.
    package let query: [String]
    /// The names of the headers that the operation reads.
    package let headers: [String]
    /// The media type of the body; `nil` if there is none.
    package let mediaType: String?

    init(_ route: Route) {
        operation = route.operation
        method = route.method.rawValue
        path = route.pathParameters.reduce(route.path.pattern) { path, name in
            let example =
                switch Schemas.pathExample(name) {
                case .string(let text): text
                case let value: "\(value)"
                }
            // exact: both are ours
            return path.replacing("{\(name)}", with: example)
        }
        query = route.query.map(\.name)
        headers = route.headers.map(\.name)
        mediaType = route.body?.mediaType
    }
}

extension AdminApplication {
    /// A sample of every operation.
    package var samples: [SampleRequest] {
        RouteTable(registry: registry, gateways: gateways, nodes: nodes, rollouts: rollouts, secretKey: secretKey)
            .routes.map(SampleRequest.init)
    }
}
