import HTTPTypes
import Text

/// Which bytes of a content a client wants (RFC 9110, section 14).
enum ByteRange: Hashable {
    case whole
    case part(Range<Int>)
    /// The content ends before it begins.
    case unsatisfiable

    /// The field Range of a GET. One that cannot be read, or names several parts, counts as none.
    ///
    /// - Parameters:
    ///   - size: bytes of the content.
    ///   - tag: its ETag: where If-Range names another, the whole is wanted.
    init(_ headers: HTTPFields, size: Int, tag: String) {
        self = .whole
        guard let field = headers[.range], headers[values: .range].count == 1 else { return }
        if let condition = headers[.ifRange], !condition.withoutSurroundingSpace.isExactly(tag) { return }
        let parts = field.splitBytes("=", maxSplits: 1)
        guard parts.count == 2, parts[0].withoutSurroundingSpace.lowercased().isExactly("bytes") else { return }
        let ends = parts[1].withoutSurroundingSpace.splitBytes("-", maxSplits: 1)
        guard ends.count == 2 else { return }
        switch (Self.number(ends[0]), Self.number(ends[1])) {
        case (let first?, let last?) where first <= last:
            self = first < size ? .part(first..<min(last + 1, size)) : .unsatisfiable
        case (let first?, nil) where ends[1].isEmpty: self = first < size ? .part(first..<size) : .unsatisfiable
        case (nil, let count?) where ends[0].isEmpty:
            self = count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .unsatisfiable
        default: return
        }
    }

    /// Decimal digits; more than 18 would be beyond every content.
    static func number(_ text: some StringProtocol) -> Int? {
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}

/// Which part of a content a body is: `bytes 0-4194303/52428800` (RFC 9110, section 14.4).
struct ContentRange: Hashable {
    let range: Range<Int>
    /// Bytes of the content.
    let total: Int

    /// `nil`: it is no such field.
    init?(_ field: String) {
        let words = field.withoutSurroundingSpace.splitBytes(" ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased().isExactly("bytes") else { return nil }
        let parts = words[1].splitBytes("/")
        guard parts.count == 2, let total = ByteRange.number(parts[1]) else { return nil }
        let ends = parts[0].splitBytes("-")
        guard ends.count == 2, let first = ByteRange.number(ends[0]), let last = ByteRange.number(ends[1]),
            first <= last, last < total
        else { return nil }
        range = first..<last + 1
        self.total = total
    }

    init(_ range: Range<Int>, of total: Int) {
        self.range = range
        self.total = total
    }

    var text: String { "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(total)" }
}
