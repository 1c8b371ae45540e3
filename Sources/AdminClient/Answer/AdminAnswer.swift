import AdminAPI
import NIOHTTP1
import Text

/// ADMIN's answer as a value.
package struct AdminAnswer: Sendable, Equatable {
    /// The HTTP status.
    package let status: Int
    /// The bytes of the content; empty where there is none.
    package let body: [UInt8]
    /// Who answered.
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

    /// A header's value; of several the first.
    package func field(_ name: String) -> String? { headers.first(name: name) }

    /// `404 Not Found`
    package var statusLine: String { "\(HTTPResponseStatus(statusCode: status))" }

    /// As it came, with its parameters; empty where there is none.
    package var contentType: String { field(APIHeader.contentType) ?? "" }

    /// Without parameters, in lower case.
    package var mediaType: String {
        let type = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }
        return String(decoding: type.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self).lowercased()
    }

    /// With its quotes.
    package var eTag: String? { field(APIHeader.eTag) }

    /// Whether it is one of `AdminRequest.known`.
    package var isUnchanged: Bool { status == 304 }

    /// Whether ADMIN knows of `Prefer: wait` and has held the answer for it, so that asking again need not wait.
    package var wasHeld: Bool {
        headers[APIHeader.preferenceApplied].contains { $0.firstBytes("wait") != nil }
    }
}
