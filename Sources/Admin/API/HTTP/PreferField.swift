/// The preferences of a request that ADMIN knows (RFC 7240).
struct PreferField: Hashable {
    /// How long an answer is held at most, in seconds.
    static let longestWait = 60

    /// Seconds the client is willing to wait for an answer, capped at `longestWait`.
    var wait: Int?

    /// The first valid `wait` counts (RFC 7240, section 2); preferences that are unknown or malformed are ignored.
    init(_ field: String?) {
        for preference in (field ?? "").utf8.split(separator: UInt8(ascii: ",")) {
            // A preference's parameters begin at the first `;`.
            let token = preference.prefix { $0 != UInt8(ascii: ";") }
            guard let sign = token.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = Self.bare(token[..<sign])
            let value = Self.bare(token[token.index(after: sign)...])
            guard name.lowercased() == "wait", !value.isEmpty, value.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
            else { continue }
            wait = min(Int(value) ?? Self.longestWait, Self.longestWait)
            return
        }
    }

    /// The text without white space and quotes.
    private static func bare(_ text: Substring.UTF8View) -> String {
        String(decoding: text.filter { $0 != 0x20 && $0 != 0x09 && $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }
}
