import AdminAPI
import Names
import Text

/// What one message tells of many notices: the worst by their titles, and how many others there are.
struct TelegramDigest: Sendable, Hashable, Codable {
    /// Notices that say the same.
    struct Line: Sendable, Hashable, Codable {
        var severity: String
        var title: String
        var isResolved: Bool
        /// When the first was written.
        var time: String
        var count: Int

        /// Whether an entry says the same.
        func isSame(as entry: NoticeMessage.Entry) -> Bool {
            title.isExactly(entry.title) && isResolved == entry.isResolved
                && severity.isExactly(entry.severity.rawValue)
        }
    }

    /// The worst first, and of the same severity the oldest.
    private(set) var lines: [Line] = []
    /// How many notices of each severity it tells of; those without a line count, too.
    private(set) var counts: [String: Int] = [:]
    private(set) var first = Int.max
    private(set) var last = 0

    /// Lines that are kept. Those of least severity go first, then the newest.
    static let mostLines = 40

    var count: Int { counts.values.reduce(0, +) }

    /// How many it tells of without a line.
    var unnamed: Int { count - lines.map(\.count).reduce(0, +) }

    func count(of severity: NoticeSeverity) -> Int { counts[severity.rawValue] ?? 0 }

    var worst: NoticeSeverity { NoticeSeverity.allCases.last { count(of: $0) > 0 } ?? .info }

    /// Adds what a message tells of. Cost: the message's entries by the digest's lines.
    mutating func add(_ message: NoticeMessage) {
        for entry in message.notices {
            counts[entry.severity.rawValue, default: 0] += entry.numbers.count
            first = min(first, entry.numbers.first ?? first)
            last = max(last, entry.numbers.last ?? last)
            if let place = lines.firstIndex(where: { $0.isSame(as: entry) }) {
                lines[place].count += entry.numbers.count
                continue
            }
            let line = Line(
                severity: entry.severity.rawValue, title: entry.title, isResolved: entry.isResolved, time: entry.time,
                count: entry.numbers.count)
            let place = lines.firstIndex { Self.rank($0) < Self.rank(line) } ?? lines.count
            guard place < Self.mostLines else { continue }
            lines.insert(line, at: place)
            if lines.count > Self.mostLines { lines.removeLast() }
        }
    }

    private static func rank(_ line: Line) -> NoticeSeverity { NoticeSeverity(rawValue: line.severity) ?? .info }
}
