import AdminAPI
import JSON

/// Turns reports into messages: the whole one first, then what changes, as long as ADMIN has what it changes.
struct ReportComposer {
    private let session: String
    private var sequence = 0
    /// What ADMIN has, as far as is known; `nil`: it must get the whole report.
    private var acknowledged: JSONValue?

    /// - Parameter session: what tells this daemon from another of its name.
    init(session: String) { self.session = session }

    /// The message that brings ADMIN to the report, with what ADMIN has afterwards; `nil`: it has it.
    /// - Parameter isDue: whether a message without changes is sent, too. ADMIN answers it as any other, and asks for
    ///   the whole report if it was restarted meanwhile.
    mutating func message(
        for report: GatewayReport, isDue: Bool = false
    ) -> (message: GatewayReportMessage, after: JSONValue)? {
        let document = report.json
        guard document != acknowledged || isDue else { return nil }
        sequence = sequence == Limits.reportedCount ? 1 : sequence + 1
        guard let acknowledged, sequence > 1 else {
            self.acknowledged = nil
            return (GatewayReportMessage(session: session, sequence: sequence, report: report), document)
        }
        let changes = acknowledged.mergePatch(to: document)
        return (GatewayReportMessage(session: session, sequence: sequence, changes: changes), document)
    }

    /// Notes ADMIN's answer to a message.
    mutating func heard(_ answer: ReportAnswer, to after: JSONValue) {
        // Not by one expression: `nil` beside a `JSONValue` is JSON's null.
        if answer.wantsWhole { failed() } else { acknowledged = after }
    }

    /// Notes that a message may not have arrived.
    mutating func failed() { acknowledged = nil }
}
