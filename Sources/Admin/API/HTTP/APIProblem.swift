import AdminAPI
import Cloud
import Foundation
import HTTPTypes
import Hummingbird

/// A problem (RFC 9457) as an answer, with its headers.
struct APIProblem: Error, Sendable {
    var problem: Problem
    var headers: HTTPFields

    init(
        _ status: HTTPResponse.Status, _ detail: String, errors: [Problem.Fault] = [], headers: HTTPFields = [:],
        kind: Kind? = nil
    ) {
        problem = Problem(
            type: kind?.rawValue ?? "about:blank",
            title: kind?.title ?? Self.title(of: status), status: status.code, detail: detail, errors: errors)
        self.headers = headers
    }

    /// Problems that cannot be distinguished by their status.
    enum Kind: String {
        /// Sections of the gateway configuration contradict each other or the cloud.
        case contradiction = "urn:portcullis:problem:contradiction"
        /// The object is still used by others.
        case inUse = "urn:portcullis:problem:in-use"
        /// A prune would delete a large part of the cloud, and the request does not name the number.
        case deletion = "urn:portcullis:problem:deletion"
        /// A service type's meta-configuration is faulty.
        case metaConfiguration = "urn:portcullis:problem:meta-configuration"
        /// Contents of a version are not here; the client uploads them and asks again.
        case missingContents = "urn:portcullis:problem:missing-contents"

        var title: String {
            switch self {
            case .contradiction: "Contradiction"
            case .inUse: "In use"
            case .deletion: "Deletion to be confirmed"
            case .metaConfiguration: "Faulty meta-configuration"
            case .missingContents: "Missing contents"
            }
        }
    }

    static func title(of status: HTTPResponse.Status) -> String {
        status == .unprocessableContent ? "Unprocessable Content" : status.reasonPhrase
    }

    /// The request is well-formed, but its values cannot be accepted.
    static func invalid(_ faults: [Problem.Fault]) -> APIProblem {
        APIProblem(
            .unprocessableContent,
            faults.count == 1 ? "The request has a fault." : "The request has \(faults.count) faults.", errors: faults)
    }

    static func badRequest(_ pointer: String, _ detail: String) -> APIProblem {
        APIProblem(.badRequest, detail, errors: [Problem.Fault(pointer: pointer, detail: detail)])
    }

    /// If-Match or If-None-Match does not hold.
    static func preconditionFailed(_ detail: String) -> APIProblem { APIProblem(.preconditionFailed, detail) }

    static func notFound(_ what: String) -> APIProblem {
        APIProblem(.notFound, "There is no \(what).")
    }

    /// The answer of RFC 9457.
    var response: Response {
        var headers = headers
        headers[.contentType] = MediaType.problem
        headers[.cacheControl] = "no-store"
        return Response(
            status: HTTPResponse.Status(code: problem.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: problem.jsonBytes)))
    }
}
