import AdminAPI
import HTTPTypes
import Hummingbird
import JSON
import Names
import Registry
import Text

/// One operation of the REST API: one description for the router and for `/openapi.json`.
struct Route: Sendable {
    var method: HTTPRequest.Method
    /// The path, with parameters in braces: `/v1/locations/{location}`.
    var path: APIPath
    /// OpenAPI's operationId.
    var operation: String
    var summary: String
    var access: Access
    var query: [Parameter] = []
    var headers: [Parameter] = []
    var body: Body?
    /// The answers other than problems.
    var answers: [Answer]
    /// Statuses of problems that do not follow from the rest of the description.
    var problems: [HTTPResponse.Status] = []
    var handle: @Sendable (APIRequest) async throws -> Response

    /// Who may call the operation.
    enum Access: Sendable {
        /// Everybody, without a token.
        case open
        /// Roles `admin` and `read`.
        case read
        /// Roles `admin`, `read` and `gateway`.
        case export
        /// Roles `admin`, `read` and `server`: what servers fetch.
        case fetch
        /// Roles `admin` and `read`; role `service` for the service to which the token is bound, and role
        /// `server` for the services of the server to which it is bound.
        case configuration
        /// Role `service` for the service to which the token is bound, `admin` and `read`.
        case orders
        /// Role `service` for the service to which the token is bound, and `admin` without a scope.
        case master
        /// Role `gateway`, and `admin` without a scope.
        case gateway
        /// Roles `admin` and `read`; role `server` for the server to which the token is bound.
        case assignments
        /// Role `server` for the server to which the token is bound, and `admin` without a scope.
        case server
        /// Roles `admin` and `read`; role `server` for what it has a job to build (`requireBuild`).
        case builds
        /// Role `admin`, within its scope, and role `read` for a dry run; role `server` for what it has a job to build
        /// (`requireBuild`).
        case upload
        /// Role `admin`, within its scope: logs may have secrets.
        case log
        /// Role `admin`, within its scope. Role `read` for a dry run.
        case change
        /// Role `admin` without a scope. Role `read` for a dry run.
        case admin

        /// - Parameter isDryRun: whether a change is only to be reported.
        func allows(_ identity: Identity, isDryRun: Bool) -> Bool {
            let role = identity.role
            let isUnrestricted = role == .admin && identity.scope.isEverything
            return switch self {
            case .open: true
            case .export: role == .admin || role == .read || role == .gateway
            case .configuration: role == .admin || role == .read || role == .service || role == .server
            case .orders: role == .admin || role == .read || role == .service
            case .master: role == .service || isUnrestricted
            case .assignments: role == .admin || role == .read || role == .server
            case .server: role == .server || isUnrestricted
            case .upload: role == .admin || isDryRun && role == .read || role == .server
            case .fetch, .builds: role == .admin || role == .read || role == .server
            case .read: role == .admin || role == .read
            case .gateway: role == .gateway || isUnrestricted
            case .log: role == .admin
            case .change: role == .admin || isDryRun && role == .read
            case .admin: isUnrestricted || isDryRun && role == .read
            }
        }
    }

    /// A parameter of the query, or a header.
    struct Parameter: Sendable {
        var name: String
        var summary: String
        var schema: JSONValue
        var isRequired = false
    }

    struct Body: Sendable {
        var mediaType: String
        var schema: JSONValue
        /// The greatest size in bytes.
        var limit: Int
        /// Whether it is used as it comes, and never in memory as a whole.
        var isStreamed = false
    }

    struct Answer: Sendable {
        var status: HTTPResponse.Status
        var summary: String
        /// Media types and the schemas of their content; empty: no body.
        var content: [(mediaType: String, schema: JSONValue)]
        /// The headers that only this answer has; all have `Cache-Control`.
        var headers: [Parameter] = []
    }

    /// Whether the operation changes something: all such operations accept `dry_run`.
    var isChange: Bool { query.contains { $0.name == Parameter.dryRun.name } }

    var pathParameters: [String] {
        path.segments.filter { $0.hasBytePrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}

extension Route.Parameter {
    static let dryRun = Self(
        name: QueryParameter.dryRun, summary: "true: answer what the change would do, and store nothing",
        schema: ["type": "boolean", "default": false])
    static let ifMatch = Self(
        name: APIHeader.ifMatch, summary: "The change is made only if the resource has this ETag (RFC 9110)",
        schema: tags)
    static let ifMatchRegistry = Self(
        name: APIHeader.ifMatch,
        summary: "The change is made only if the registry (/v1/cloud) has this ETag (RFC 9110)", schema: tags)
    static let ifNoneMatch = Self(
        name: APIHeader.ifNoneMatch, summary: "304 if the answer still has this ETag (RFC 9110)",
        schema: ["type": "string"])
    static let ifNoneMatchOnPut = Self(
        name: APIHeader.ifNoneMatch, summary: "*: the resource is created, never replaced (RFC 9110)",
        schema: tags)
    /// `*`, or a list of entity tags (RFC 9110, section 8.8.3).
    private static let tags: JSONValue = [
        "type": "string", "pattern": #"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#,
    ]
    static let vary = Self(
        name: APIHeader.vary, summary: "Accept: other media types have other answers (RFC 9110)",
        schema: ["type": "string", "enum": [.string(APIHeader.accept)]])
    static let eTag = Self(
        name: APIHeader.eTag, summary: "Entity tag of the answer; weak where members change all the time",
        schema: ["type": "string", "pattern": #"^(W/)?"[0-9a-f]+"$"#])
    static let eTagAfterChange = Self(
        name: APIHeader.eTag, summary: "Of the resource as it is now; not with dry_run, nor after a deletion",
        schema: tag)
    static let eTagOfRegistry = Self(
        name: APIHeader.eTag, summary: "Of the whole registry (/v1/cloud) as it is now, also with dry_run", schema: tag)
    static let cacheControl = Self(
        name: APIHeader.cacheControl,
        summary: "no-cache: ask again with If-None-Match; no-store; what never changes is immutable (RFC 9111)",
        schema: ["type": "string", "enum": ["no-cache", "no-store", .string(immutable)]])
    /// `Cache-Control` of what a digest names.
    static let immutable = "public, max-age=31536000, immutable"
    private static let tag: JSONValue = ["type": "string", "pattern": #"^"[0-9a-f]+"$"#]
}
