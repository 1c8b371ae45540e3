import AdminAPI
import JSON

/// Turns reports into messages: the whole one first, then what changes, as long as ADMIN has what it changes.
struct ServerReportComposer {
    private let session: String
    private var sequence = 0
    /// What ADMIN has, as far as is known; `nil`: it must get the whole report.
    private var acknowledged: JSONValue?

    /// - Parameter session: what tells this agent from another of its name.
    init(session: String) { self.session = session }

    /// The message that brings ADMIN to the report, with what ADMIN has afterwards; `nil`: it has it.
    /// - Parameter isDue: whether a message without changes is sent, too: ADMIN may have been restarted.
    mutating func message(
        for report: ServerReport, isDue: Bool
    ) -> (message: ServerReportMessage, after: JSONValue)? {
        let document = report.json
        if let acknowledged, !isDue, !report.isWorthTelling(to: acknowledged) { return nil }
        sequence = sequence == Limits.reportedCount ? 1 : sequence + 1
        guard let acknowledged, sequence > 1 else {
            self.acknowledged = nil
            return (ServerReportMessage(session: session, sequence: sequence, report: report), document)
        }
        let changes = acknowledged.mergePatch(to: document)
        return (ServerReportMessage(session: session, sequence: sequence, changes: changes), document)
    }

    /// Notes ADMIN's answer to a message.
    mutating func heard(_ answer: ReportAnswer, to after: JSONValue) {
        // Not by one expression: `nil` beside a `JSONValue` is JSON's null.
        if answer.wantsWhole { failed() } else { acknowledged = after }
    }

    /// Notes that a message may not have arrived.
    mutating func failed() { acknowledged = nil }
}

extension ServerReport {
    /// Whether more has changed than load and free space, which always change: those go with the message each minute.
    fileprivate func isWorthTelling(to known: JSONValue) -> Bool {
        let json = json
        return ["applied", "services", "jobs", "problems", "program"].contains { json[$0] != known[$0] }
    }
}
