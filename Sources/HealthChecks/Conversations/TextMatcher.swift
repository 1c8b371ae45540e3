/// Finds a text in bytes that come one after another, without keeping them (Knuth, Morris, Pratt).
struct TextMatcher: Sendable {
    private let text: [UInt8]
    /// For each number of bytes that match: how many still do when the next one does not.
    private let fallbacks: [Int]
    private var matched = 0

    init(_ text: [UInt8]) {
        self.text = text
        var fallbacks = [Int](repeating: 0, count: text.count)
        var length = 0
        for index in text.indices.dropFirst() {
            while length > 0, text[index] != text[length] { length = fallbacks[length - 1] }
            if text[index] == text[length] { length += 1 }
            fallbacks[index] = length
        }
        self.fallbacks = fallbacks
    }

    /// Whether the text has been found.
    var isFound: Bool { matched == text.count }

    mutating func take(_ byte: UInt8) {
        guard !isFound else { return }
        while matched > 0, text[matched] != byte { matched = fallbacks[matched - 1] }
        if text[matched] == byte { matched += 1 }
    }
}
