import AdminAPI
import Foundation

/// A request to ADMIN as a value.
struct AdminRequest: Sendable, Equatable {
    /// What is sent with a change.
    struct Body: Sendable, Equatable {
        let contentType: String
        let data: Data
    }

    /// The methods ADMIN's resources know.
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    var method: Method
    /// Below the address of ADMIN, percent-encoded, query included: `/v1/servers/app1?dry_run=true`.
    var target: String
    var accept = "application/json"
    var body: Body?
    /// Whether the change is only made when the resource does not exist yet (`If-None-Match: *`).
    var onlyWhenAbsent = false

    /// Whether it changes something, other than a dry run.
    var isChange: Bool { method != .get && !isDryRun }
    private(set) var isDryRun = false

    /// - Parameter path: segments, each encoded here: a name with a slash stays one segment.
    init(_ method: Method, _ path: [String], query: [(String, String)] = []) {
        self.method = method
        target = "/" + path.map(Self.encoded).joined(separator: "/")
        if !query.isEmpty {
            target += "?" + query.map { "\(Self.encoded($0))=\(Self.encoded($1))" }.joined(separator: "&")
        }
    }

    /// A request with a JSON body.
    func json(_ value: some Encodable) throws -> AdminRequest {
        var request = self
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        request.body = Body(contentType: "application/json", data: try encoder.encode(value))
        return request
    }

    /// A write, really done or only tried.
    static func change(_ method: Method, _ path: [String], dryRun: Bool) -> AdminRequest {
        var request = AdminRequest(method, path, query: dryRun ? [("dry_run", "true")] : [])
        request.isDryRun = dryRun
        return request
    }

    /// Percent-encodes everything that is not unreserved (RFC 3986, section 2.3).
    private static func encoded(_ text: String) -> String {
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        return text.utf8.reduce(into: "") { result, byte in
            if unreserved.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}

/// ADMIN's answer as a value.
struct AdminAnswer: Sendable, Equatable {
    let status: Int
    let contentType: String
    let data: Data
}
