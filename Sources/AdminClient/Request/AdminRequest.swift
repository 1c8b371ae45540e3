package import AdminAPI
import NIOHTTP1

/// A request to ADMIN as a value, without what the client adds by itself (the token and its own name).
package struct AdminRequest: Sendable, Equatable {
    /// The content of a change.
    package struct Body: Sendable, Equatable {
        /// The media type.
        package let contentType: String
        package let bytes: [UInt8]

        package init(contentType: String, bytes: [UInt8]) {
            self.contentType = contentType
            self.bytes = bytes
        }
    }

    /// The methods of ADMIN's resources.
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// The target relative to ADMIN's address, percent-encoded, including the query: `/v1/servers/app1?dry_run=true`.
    package var target: String
    /// The media types of the answer (RFC 9110, section 12.5.1).
    package var accept = MediaType.json
    package var body: Body?
    /// Whether the change is made only if the resource does not exist yet (`If-None-Match: *`).
    package var onlyWhenAbsent = false
    /// The ETags, including quotes, of contents that the client has and that need not be sent again.
    package var known: [String] = []
    /// Seconds for which ADMIN may hold its answer while the content is one of `known`; 0: none. The time limit grows
    /// by the same amount.
    package var wait = 0
    /// A time limit of its own, where it is shorter than that of the settings.
    package var timeout: Duration?
    /// The greatest size of an answer in bytes: slightly more than the largest export.
    package var limit = 80 << 20
    /// The greatest size of an error's answer in bytes; if it is larger, only its status is used.
    package var problemLimit = 4 << 20
    /// Additional headers.
    private(set) var headers = HTTPHeaders()
    /// Whether the request only asks what a change would do.
    package private(set) var isDryRun = false

    /// Whether the request changes something. Such a request is not sent again if ADMIN may have received it.
    package var isChange: Bool { method != .get && !isDryRun }

    /// - Parameter query: names and values, which are encoded here.
    package init(_ method: Method, _ path: APIPath, query: [(String, String)] = []) {
        self.method = method
        target = path.encoded
        if !query.isEmpty {
            target +=
                "?" + query.map { "\(APIPath.encoded($0))=\(APIPath.encoded($1))" }.joined(separator: "&")
        }
    }

    /// A request for a target that is already encoded.
    package init(_ method: Method, target: String) {
        self.method = method
        self.target = target
    }

    /// A change, or a dry run of one.
    package static func change(
        _ method: Method, _ path: APIPath, dryRun: Bool, query: [(String, String)] = []
    ) -> AdminRequest {
        var request = AdminRequest(method, path, query: query + (dryRun ? [(QueryParameter.dryRun, "true")] : []))
        request.isDryRun = dryRun
        return request
    }

    /// A request with a JSON body.
    package func json(_ value: some Described) -> AdminRequest {
        var request = self
        request.body = Body(contentType: MediaType.json, bytes: value.jsonBytes)
        return request
    }

    /// Adds a header.
    /// - Parameter value: must not contain line ends.
    package mutating func add(_ name: String, _ value: String) { headers.add(name: name, value: value) }
}
