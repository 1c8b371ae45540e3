/// The preferences of a request that ADMIN knows (RFC 7240).
struct PreferField: Hashable {
    /// How long an answer is held at most.
    static let longestWait = 60

    /// Seconds the client is willing to wait for an answer, capped at `longestWait`.
    var wait: Int?

    /// The first valid `wait` counts (RFC 7240, section 2); preferences that are unknown or malformed are ignored.
    init(_ field: String?) {
        for preference in (field ?? "").split(separator: ",") {
            let token = preference.split(separator: ";", maxSplits: 1)[0]
            let parts = token.split(separator: "=", maxSplits: 1).map { part in
                part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }
            }
            guard parts.count == 2, parts[0].lowercased() == "wait", !parts[1].isEmpty,
                parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
            else { continue }
            wait = min(Int(parts[1]) ?? Self.longestWait, Self.longestWait)
            return
        }
    }
}
