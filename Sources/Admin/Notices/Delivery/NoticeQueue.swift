import Cloud
import Foundation
import Names
import Registry
import Text

/// Decides what a channel sends next: a function of the notices that wait for it.
enum NoticeQueue {
    /// What makes notices the same.
    struct Key: Hashable {
        var subject: Notice.Subject
        @ExactText var name: String
        @ExactText var title: String

        init(_ notice: Notice) {
            subject = notice.subject
            name = notice.name
            title = notice.title
        }

        /// Whether both tell of one thing.
        func isOfSame(_ other: Key) -> Bool { subject == other.subject && name.isExactly(other.name) }
    }

    enum Next: Equatable {
        /// The numbers of the notices, ascending.
        case message([Int], isDigest: Bool)
        /// Nothing before this moment.
        case wait(until: Duration)
        case nothing
    }

    /// Notices that may wait before they become a digest.
    static let mostWaiting = 20
    /// Seconds within which the same notices are one.
    static let sameWithin = 60

    /// The next message: the oldest notice with those that say the same, or all in one digest if there are many.
    ///
    /// A notice that says the same as one that was sent less than a minute ago waits until the minute is over, or until
    /// there is something else to say of its subject. What tells of one subject never changes its order.
    ///
    /// - Parameters:
    ///   - waiting: in the order of their numbers.
    ///   - recent: when notices were sent, by a clock that cannot be set.
    ///   - now: by the same clock.
    ///   - mostInDigest: notices of a digest at most.
    ///   - isDigest: the channel has sent so much that whatever waits is to be one digest.
    static func next(
        _ waiting: [StoredNotice], recent: [Key: Duration], now: Duration, isDigest: Bool = false,
        mostInDigest: Int = 500
    ) -> Next {
        guard waiting.count <= mostWaiting, !isDigest || waiting.isEmpty else {
            return .message(waiting.prefix(mostInDigest).map(\.number), isDigest: true)
        }
        var earliest: Duration?
        var held: [Key] = []
        for (index, first) in waiting.enumerated() {
            let key = Key(first.notice)
            let rest = waiting[(index + 1)...]
            guard !held.contains(where: { $0.isOfSame(key) }) else { continue }
            let end = first.notice.subject == .test ? nil : recent[key].map { $0 + .seconds(sameWithin) }
            if let end, end > now, !rest.contains(where: { isOther($0, than: key) }) {
                earliest = min(earliest ?? end, end)
                held.append(key)
                continue
            }
            return .message([first.number] + same(as: first, in: rest), isDigest: false)
        }
        return earliest.map { .wait(until: $0) } ?? .nothing
    }

    private static func isOther(_ notice: StoredNotice, than key: Key) -> Bool {
        let other = Key(notice.notice)
        return other != key && other.isOfSame(key)
    }

    /// The notices that say the same, until something else is said of the subject.
    private static func same(as first: StoredNotice, in rest: ArraySlice<StoredNotice>) -> [Int] {
        let key = Key(first.notice)
        guard key.subject != .test, let start = Timestamp.date(first.time) else { return [] }
        return rest.prefix { !isOther($0, than: key) }.filter { notice in
            guard Key(notice.notice) == key, let time = Timestamp.date(notice.time) else { return false }
            return time.timeIntervalSince(start) <= Double(sameWithin)
        }.map(\.number)
    }

    /// Whether a notice is too old to be delivered.
    static func isExpired(_ notice: StoredNotice, now: Date) -> Bool {
        guard let time = Timestamp.date(notice.time) else { return false }
        return now.timeIntervalSince(time) > lifetime(of: notice.notice.severity)
    }

    /// Seconds.
    static func lifetime(of severity: Notice.Severity) -> Double {
        switch severity {
        case .info: 86_400
        case .warning: 3 * 86_400
        case .critical: 7 * 86_400
        }
    }
}
