package import JSON

/// A report in messages: the whole one first, then what has changed since the message before.
package protocol ReportMessage: Sendable {
    associatedtype Report: Described
    /// Tells two senders of one name apart.
    var session: String { get }
    /// Rises by one with each message of a session.
    var sequence: Int { get }
    /// The whole report.
    var report: Report? { get }
    /// What has changed, as JSON Merge Patch (RFC 7396).
    var changes: JSONValue? { get }

    init(session: String, sequence: Int, report: Report?, changes: JSONValue?)
}

extension GatewayReportMessage: ReportMessage {}
extension ServerReportMessage: ReportMessage {}
extension ServiceReportMessage: ReportMessage {}
