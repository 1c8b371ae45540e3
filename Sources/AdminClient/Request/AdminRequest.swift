package import AdminAPI
import NIOHTTP1

/// A request to ADMIN as a value: what the client adds of its own (the token, its name) is not in it.
package struct AdminRequest: Sendable, Equatable {
    /// What is sent with a change.
    package struct Body: Sendable, Equatable {
        /// A media type.
        package let contentType: String
        package let bytes: [UInt8]

        package init(contentType: String, bytes: [UInt8]) {
            self.contentType = contentType
            self.bytes = bytes
        }
    }

    /// The methods ADMIN's resources know.
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// Below the address of ADMIN, percent-encoded, query included: `/v1/servers/app1?dry_run=true`.
    package var target: String
    /// The media types of the answer (RFC 9110, section 12.5.1).
    package var accept = MediaType.json
    package var body: Body?
    /// Whether the change is only made when the resource does not exist yet (`If-None-Match: *`).
    package var onlyWhenAbsent = false
    /// The ETags, quotes included, of what is at hand and need not be sent again.
    package var known: [String] = []
    /// Seconds ADMIN may hold its answer while it is one of `known`; 0: none. The time limit grows by them.
    package var wait = 0
    /// Bytes of an answer that are taken at most: the largest export and some more.
    package var limit = 80 << 20
    /// Bytes of an error's answer that are taken; of a larger one only the status is.
    package var problemLimit = 80 << 20
    /// Beside those that follow from the rest.
    private(set) var headers = HTTPHeaders()
    package private(set) var isDryRun = false

    /// Whether it changes something: it is not sent again once ADMIN may have got it.
    package var isChange: Bool { method != .get && !isDryRun }

    /// - Parameter query: names and values, each encoded here.
    package init(_ method: Method, _ path: APIPath, query: [(String, String)] = []) {
        self.method = method
        target = path.encoded
        if !query.isEmpty {
            target +=
                "?" + query.map { "\(APIPath.encoded($0))=\(APIPath.encoded($1))" }.joined(separator: "&")
        }
    }

    /// A request for the same as another, whose target is encoded already.
    package init(_ method: Method, target: String) {
        self.method = method
        self.target = target
    }

    /// A write, really done or only tried.
    package static func change(_ method: Method, _ path: APIPath, dryRun: Bool) -> AdminRequest {
        var request = AdminRequest(method, path, query: dryRun ? [(QueryParameter.dryRun, "true")] : [])
        request.isDryRun = dryRun
        return request
    }

    /// A request with a JSON body.
    package func json(_ value: some Described) -> AdminRequest {
        var request = self
        request.body = Body(contentType: MediaType.json, bytes: value.jsonBytes)
        return request
    }

    /// Adds a header beside those that follow from the rest.
    /// - Parameter value: without line ends.
    package mutating func add(_ name: String, _ value: String) { headers.add(name: name, value: value) }
}
