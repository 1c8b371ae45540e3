import AdminAPI
package import Cloud
import Foundation
import Names
import Text

/// What ADMIN knew of crashes when a report came.
package struct CrashStanding: Sendable, Hashable {
    /// When the group was last seen; `nil`: it is new.
    package var lastSeen: String?
    /// Crashes of the service in the last `CrashNews.loopMinutes` minutes, this one counted.
    package var recent: Int
    /// When people were last told that the service crashes again and again; `nil`: never, or long ago.
    package var loopToldAt: String?

    package init(lastSeen: String? = nil, recent: Int = 1, loopToldAt: String? = nil) {
        self.lastSeen = lastSeen
        self.recent = recent
        self.loopToldAt = loopToldAt
    }
}

/// What follows from a crash report: whom it is told.
package struct CrashNews: Sendable, Hashable {
    package var notices: [Notice] = []
    /// For a group that is new.
    package var event: EventEntry?
    /// Whether people are told that the service crashes again and again.
    package var isLoop = false

    /// A service that has crashed more often than this within `loopMinutes` crashes again and again.
    package static let loopCrashes = 5
    package static let loopMinutes = 10
    /// Minutes after which people are told again.
    static let loopRest = 60
    /// Days after which a crash that is seen again is news.
    static let rest = 7

    /// - Parameters:
    ///   - location: the server's.
    ///   - actor: who has sent the report.
    ///   - limits: what is kept, for texts.
    package init(
        _ crash: StoredCrash, _ standing: CrashStanding, at location: String?, by actor: String, _ limits: CrashLimits
    ) {
        let what = Self.what(crash)
        if standing.lastSeen == nil {
            event = EventEntry(.create, .crash, crash.group, after: what, by: actor, at: crash.receivedAt)
            let isOthers = crash.group == CrashGroup.others && crash.report.fingerprint != crash.group
            let title =
                isOthers
                ? "more than \(limits.groups) different crashes: further ones are counted together"
                : "new crash: \(what)"
            notices.append(Self.notice(crash, location, title))
        } else if let days = Self.days(from: standing.lastSeen, to: crash.seenAt), days >= Self.rest {
            notices.append(Self.notice(crash, location, "a crash is back after \(days) days: \(what)"))
        }
        let told = Self.minutes(from: standing.loopToldAt, to: crash.seenAt)
        guard standing.recent > Self.loopCrashes, told.map({ $0 >= Self.loopRest }) ?? true else { return }
        isLoop = true
        notices.append(
            Notice(
                .critical, of: .service, crash.report.service,
                title: "\(crash.report.service) crashes again and again: \(standing.recent) times within "
                    + "\(Self.loopMinutes) minutes",
                text: Self.text(crash), location: location, type: crash.type))
    }

    private static func notice(_ crash: StoredCrash, _ location: String?, _ title: String) -> Notice {
        Notice(
            .warning, of: .crash, crash.group, title: title, text: text(crash), location: location, type: crash.type)
    }

    /// `pgw.1 on app1 crashed: SIGSEGV in handle_request`
    private static func what(_ crash: StoredCrash) -> String {
        let report = crash.report
        return
            "\(report.service) on \(crash.server) \(report.kind.words(signal: report.signal, exitCode: report.exitCode))"
            + (crash.function.map { " in \($0.shownName(atMost: 100))" } ?? "")
    }

    /// What a person at 3 in the morning needs.
    private static func text(_ crash: StoredCrash) -> String {
        let report = crash.report
        var lines = [
            what(crash), "version \(crash.version.words(mainVariant: BuildSection.mainVariant)), at \(crash.seenAt)",
        ]
        if let problem = report.problem { lines.append("no whole stack: \(problem.printable)") }
        lines += report.frames.prefix(10).enumerated().map { "#\($0.offset) \($0.element.words)" }
        lines.append("portcullis crashes show \(crash.group)")
        return lines.joined(separator: "\n")
    }

    /// The beginning of the minutes before a time (RFC 3339 in UTC) whose crashes count.
    package static func loopStart(before time: String) -> String {
        Timestamp.date(time).map { Timestamp.text($0.addingTimeInterval(Double(-60 * loopMinutes))) } ?? time
    }

    private static func days(from start: String?, to end: String) -> Int? {
        minutes(from: start, to: end).map { $0 / (24 * 60) }
    }

    private static func minutes(from start: String?, to end: String) -> Int? {
        guard let start = start.flatMap(Timestamp.date), let end = Timestamp.date(end) else { return nil }
        return Int(end.timeIntervalSince(start)) / 60
    }
}
