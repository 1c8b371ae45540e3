import Foundation

/// All that ADMIN sent on a connection.
struct HTTPAnswer {
    let bytes: [UInt8]
    let request: [UInt8]

    var text: String { String(decoding: bytes.prefix(2000), as: UTF8.self) }

    /// Throws what is wrong with it; returns whether the first request was taken.
    ///
    /// A request may go without an answer when its head is not complete. Every answer is HTTP/1.1; none says that ADMIN
    /// failed; and one that refuses is a problem (RFC 9457) with the status of the answer.
    func check() throws -> Bool {
        guard !bytes.isEmpty else { return false }
        let newline = Array("\r\n".utf8)
        guard bytes.starts(with: "HTTP/1.1 ".utf8), bytes.count > 12,
            let status = Int(String(decoding: bytes[9..<12], as: UTF8.self)), (100..<600).contains(status)
        else { throw HTTPFailure("the answer is no HTTP/1.1: \(text)") }
        guard status != 500 else { throw HTTPFailure("ADMIN failed: \(text)") }
        guard status >= 400 else { return true }
        guard let end = bytes.firstRange(of: newline + newline) else {
            throw HTTPFailure("the answer's head has no end: \(text)")
        }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
        // An answer to HEAD has no body. A mutation may be of that method though nothing of it stands at the start.
        guard !request.contains(Array("HEAD".utf8)) else { return false }
        guard head.contains("content-type: application/problem+json"), let length = Self.contentLength(head),
            end.upperBound + length <= bytes.count
        else { throw HTTPFailure("the answer is no whole problem: \(text)") }
        let body = bytes[end.upperBound..<end.upperBound + length]
        let problem = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        guard problem?["status"] as? Int == status else { throw HTTPFailure("the problem is not one: \(text)") }
        return false
    }

    private static func contentLength(_ head: String) -> Int? {
        head.split(separator: "\r\n").lazy.compactMap { line -> Int? in
            guard line.hasPrefix("content-length: ") else { return nil }
            return Int(line.dropFirst("content-length: ".count))
        }.first
    }
}
