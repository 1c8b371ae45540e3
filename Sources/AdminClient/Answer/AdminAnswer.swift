import AdminAPI
import NIOHTTP1
import Text

/// ADMIN's answer as a value.
package struct AdminAnswer: Sendable, Equatable {
    /// The HTTP status.
    package let status: Int
    /// The content; empty if there is none.
    package let body: [UInt8]
    /// The address that answered.
    package let address: AdminURL
    private let headers: HTTPHeaders

    init(status: Int, headers: HTTPHeaders, body: [UInt8] = [], from address: AdminURL) {
        self.status = status
        self.headers = headers
        self.body = body
        self.address = address
    }

    package init(status: Int, contentType: String, body: [UInt8], from address: AdminURL) {
        self.init(status: status, headers: [APIHeader.contentType: contentType], body: body, from: address)
    }

    /// The value of a header; the first if there are several.
    package func field(_ name: String) -> String? { headers.first(name: name) }

    /// `404 Not Found`
    package var statusLine: String { "\(HTTPResponseStatus(statusCode: status))" }

    /// The content type with its parameters; empty if there is none.
    package var contentType: String { field(APIHeader.contentType) ?? "" }

    /// The content type without parameters, in lower case.
    package var mediaType: String {
        let type = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }
        return String(decoding: type.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self).lowercased()
    }

    /// The ETag, including quotes.
    package var eTag: String? { field(APIHeader.eTag) }

    /// Whether the content is one of `AdminRequest.known`.
    package var isUnchanged: Bool { status == 304 }

    /// Whether ADMIN supports `Prefer: wait` and has held the answer, so that the next request need not wait.
    package var wasHeld: Bool {
        headers[APIHeader.preferenceApplied].contains { $0.firstBytes("wait") != nil }
    }
}
