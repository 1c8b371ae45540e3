import Text

/// The preferences in a request that ADMIN supports (RFC 7240).
struct PreferField: Hashable {
    /// The longest time for which an answer is held, in seconds.
    static let longestWait = 60

    /// Seconds that the client is willing to wait for an answer, at most `longestWait`.
    var wait: Int?

    /// Uses the first valid `wait` (RFC 7240, section 2). Unknown and malformed preferences are ignored.
    init(_ field: String?) {
        for preference in (field ?? "").splitOutsideQuotes(",") {
            // A preference's parameters begin at the first `;`.
            let token = preference.utf8.prefix { $0 != UInt8(ascii: ";") }
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
