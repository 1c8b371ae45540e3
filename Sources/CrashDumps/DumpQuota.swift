import Text

/// How often dumps are made: at most `most` of one kind of crash within `window`, and so many of all kinds.
///
/// Cost: a lookup for each crash, and what is older is forgotten at each.
package struct DumpQuota: Sendable, Hashable {
    /// Dumps of one kind.
    package static let most = 3
    /// Dumps of all kinds of a server.
    package static let mostOfAll = 60
    /// Milliseconds.
    package static let window = 3_600_000

    private struct Dump: Sendable, Hashable {
        @ExactText var key: String
        var at: Int
    }

    private var dumps: [Dump] = []

    package init() {}

    /// Whether a crash may be dumped now, which is then counted.
    ///
    /// - Parameters:
    ///   - key: what is known of a crash before its dump: program, signal, place.
    ///   - now: milliseconds of a clock that goes on.
    package mutating func takes(_ key: String, at now: Int) -> Bool {
        dumps.removeAll { now - $0.at >= Self.window }
        guard dumps.count < Self.mostOfAll, dumps.count(where: { $0.key.isExactly(key) }) < Self.most else {
            return false
        }
        dumps.append(Dump(key: key, at: now))
        return true
    }
}
