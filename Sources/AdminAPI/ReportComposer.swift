package import JSON

/// Turns reports into messages: the whole one first, then what changes, as long as ADMIN has what it changes.
package struct ReportComposer<Message: ReportMessage>: Sendable {
    private let session: String
    private var sequence = 0
    /// What ADMIN has, as far as is known; `nil`: it must get the whole report.
    private var acknowledged: JSONValue?
    /// Whether something that is told at once differs between what ADMIN has and a report.
    private let differs: @Sendable (_ known: JSONValue, _ next: JSONValue) -> Bool

    /// - Parameters:
    ///   - session: what tells this sender from another of its name.
    ///   - differs: whether a report is told at once; by default whenever it differs from what ADMIN has.
    package init(
        session: String, differs: @escaping @Sendable (_ known: JSONValue, _ next: JSONValue) -> Bool = { $0 != $1 }
    ) {
        self.session = session
        self.differs = differs
    }

    /// The message that brings ADMIN to the report, with what ADMIN has afterwards; `nil`: it has it.
    /// - Parameter isDue: whether a message without changes is sent, too. ADMIN answers it as any other, and asks for
    ///   the whole report if it was restarted meanwhile.
    package mutating func message(
        for report: Message.Report, isDue: Bool = false
    ) -> (message: Message, after: JSONValue)? {
        let document = report.json
        if let acknowledged, !isDue, !differs(acknowledged, document) { return nil }
        sequence = sequence == Limits.reportedCount ? 1 : sequence + 1
        guard let acknowledged, sequence > 1 else {
            self.acknowledged = nil
            return (Message(session: session, sequence: sequence, report: report, changes: nil), document)
        }
        let changes = acknowledged.mergePatch(to: document)
        return (Message(session: session, sequence: sequence, report: nil, changes: changes), document)
    }

    /// Notes ADMIN's answer to a message.
    package mutating func heard(_ answer: ReportAnswer, to after: JSONValue) {
        // Not by one expression: `nil` beside a `JSONValue` is JSON's null.
        if answer.wantsWhole { failed() } else { acknowledged = after }
    }

    /// Notes that a message may not have arrived.
    package mutating func failed() { acknowledged = nil }
}
