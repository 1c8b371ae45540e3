import Text

/// The pairs of a mapping in the order of the text, with access by key.
public struct YAMLMapping: Sendable, Hashable {
    public let pairs: [YAMLPair]
    /// The place where the mapping begins.
    public let position: YAMLPosition

    public init(pairs: [YAMLPair], position: YAMLPosition) {
        self.pairs = pairs
        self.position = position
    }

    /// The value of a key; `nil` if it is absent. Keys are compared by their bytes, one by one.
    public subscript(key: String) -> YAMLNode? {
        pairs.first { $0.key.text.isExactly(key) }?.value
    }

    /// The value of a required key.
    public func required(_ key: String) throws(YAMLError) -> YAMLNode {
        guard let node = self[key] else { throw YAMLError(position, "the key \"\(key)\" is missing") }
        return node
    }

    /// The place of a key, for errors about it; that of the mapping if the key is absent.
    public func keyPosition(_ key: String) -> YAMLPosition {
        pairs.first { $0.key.text.isExactly(key) }?.key.position ?? position
    }

    /// An error for each key that is not allowed, up to `YAMLDiagnostics.limit`.
    public func unknownKeys(allowed: [String]) -> [YAMLError] {
        let allowedSet = Set(allowed.map { ExactText($0) })
        return pairs.lazy.filter { !allowedSet.contains(ExactText($0.key.text)) }.prefix(YAMLDiagnostics.limit).map {
            pair in
            let hint =
                nearest(to: pair.key.text, among: allowed).map { "; did you mean \"\($0)\"?" }
                ?? "; allowed here: \(allowed.joined(separator: ", "))"
            return YAMLError(pair.key.position, "unknown key \(pair.key.text.printed(atMost: 40))\(hint)")
        }
    }
}

/// The word that was probably meant by a misspelt one: at most a third of the letters differ.
package func nearest(to word: String, among words: [String]) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let candidates = words.map { (word: $0, distance: editDistance(Array(word.utf8), Array($0.utf8))) }
    guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, best.word.utf8.count / 3) ? best.word : nil
}

/// The number of insertions, deletions, replacements and swaps of adjacent letters between two words (optimal string
/// alignment).
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var beforeLast = [Int]()
    var last = Array(0...b.count)
    for i in 1...a.count {
        var row = [i]
        for j in 1...b.count {
            var best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, beforeLast[j - 2] + 1) }
            row.append(best)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}
