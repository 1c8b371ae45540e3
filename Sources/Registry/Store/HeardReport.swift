package import AdminAPI
package import Foundation
import JSON
import Text

/// The report of a gateway or a node as ADMIN has put it together from its messages. It lives in memory: after a restart ADMIN asks for
/// the whole one.
package struct HeardReport<Message: ReportMessage>: Sendable {
    private let session: String
    private let sequence: Int
    private let document: JSONValue
    package let report: Message.Report
    /// When the last message came.
    package let heard: Date
    /// The same by `Registry.uptime`.
    let uptime: Duration
    /// When the message before came, of the same session, by `Registry.uptime`: a sender makes a message only when it has
    /// done with the one before, so what the last one says is not older than this. `nil`: there was none.
    let previous: Duration?

    /// The report after a message; `nil`: the message changes a report that is not at hand, so the whole one is needed.
    ///
    /// Throws `BodyError` when what the changes make is no report; the pointers are those into the report.
    package static func after(
        _ message: Message, _ before: HeardReport?, now: Date, uptime: Duration
    ) throws -> HeardReport? {
        let previous = before.flatMap { $0.session.isExactly(message.session) ? $0.uptime : nil }
        if let report = message.report {
            return HeardReport(
                session: message.session, sequence: message.sequence, document: report.json, report: report, heard: now,
                uptime: uptime, previous: previous)
        }
        guard let changes = message.changes, let before, before.session.isExactly(message.session),
            message.sequence == before.sequence + 1
        else { return nil }
        let document = before.document.merging(changes)
        return HeardReport(
            session: message.session, sequence: message.sequence, document: document,
            report: try Message.Report(document, .strict), heard: now, uptime: uptime, previous: previous)
    }
}
