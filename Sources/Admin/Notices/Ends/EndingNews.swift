import Cloud
import Foundation
import Names
import Registry
import Text

/// Something that stops working at a known time: a certificate, a token.
struct EndingThing: Sendable, Hashable {
    /// The name of the notices about it, whose subject is `admin`.
    @ExactText var name: String
    /// What it is called in a sentence: `the token ci`.
    @ExactText var words: String
    var endsAt: Date
    /// Whether somebody has to act at once when it ends.
    var isVital: Bool
    /// What works no more then, and what to do, in lines.
    @ExactText var advice: String
}

/// What people are told of things that end: once within 14 days, once within 2, and once when that is settled.
enum EndingNews {
    /// Seconds before the end at which people are told.
    static let early = 14 * 86_400.0
    /// The same, when it becomes urgent.
    static let late = 2 * 86_400.0

    /// The notices that are to be written now.
    ///
    /// - Parameters:
    ///   - things: all that ends.
    ///   - told: the newest notice of each name about it, whether delivered or not.
    static func notices(
        _ things: [EndingThing], told: [ExactText: Notice], now: Date
    ) -> [Notice] {
        var notices: [Notice] = []
        for thing in things.sorted(by: { ($0.endsAt, $0.name) < ($1.endsAt, $1.name) }) {
            let left = thing.endsAt.timeIntervalSince(now)
            let former = told[ExactText(thing.name)]
            guard left < early else {
                if let former, !former.isResolved {
                    notices.append(end(thing.name, "\(thing.words) was renewed: it ends on \(day(thing.endsAt))"))
                }
                continue
            }
            let notice = Notice(
                left < late && thing.isVital ? .critical : .warning, of: .admin, thing.name,
                title: title(thing, left: left),
                text: "It ends at \(Timestamp.text(thing.endsAt)).\n\(thing.advice)", isLasting: true)
            // The same is not told twice, also after a restart of ADMIN.
            guard former.map({ $0.isResolved || !$0.title.isExactly(notice.title) }) ?? true else { continue }
            notices.append(notice)
        }
        let names = Set(things.map { ExactText($0.name) })
        for (name, former) in told.sorted(by: { $0.key < $1.key }) where !names.contains(name) && !former.isResolved {
            notices.append(end(name.wrappedValue, "\(name.wrappedValue) is gone, or ended long ago"))
        }
        return notices
    }

    private static func title(_ thing: EndingThing, left: Double) -> String {
        if left <= 0 { return "\(thing.words) has ended on \(day(thing.endsAt))" }
        return left < late
            ? "\(thing.words) ends within 2 days, on \(day(thing.endsAt))"
            : "\(thing.words) ends on \(day(thing.endsAt))"
    }

    private static func end(_ name: String, _ title: String) -> Notice {
        Notice(.warning, of: .admin, name, title: title, isResolved: true)
    }

    /// `2027-01-15`
    private static func day(_ date: Date) -> String {
        String(decoding: Timestamp.text(date).utf8.prefix(10), as: UTF8.self)
    }
}
