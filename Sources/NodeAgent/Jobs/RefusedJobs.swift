import AdminAPI
import Foundation
import Text

/// The jobs and builds that ADMIN has assigned, and that are not taken: none of them stops anything else.
struct RefusedJobs {
    /// As failed jobs, so that ADMIN waits for none of them. Those whose identifier no report may have are missing.
    private(set) var reports: [ExactText: JobReport] = [:]
    private var reasons: [ExactText: String] = [:]

    /// Takes those of the present assignments: why each is refused.
    ///
    /// - Returns: a sentence for each that is new.
    mutating func follow(_ refused: [ExactText: String]) -> [String] {
        let news = refused.filter { reasons[$0.key] != $0.value }
        let now = Date().formatted(.iso8601)
        reasons = refused
        reports = reports.filter { refused[$0.key] != nil && news[$0.key] == nil }
        for (id, reason) in news where Self.canBeReported(id.wrappedValue) {
            reports[id] = JobReport(
                state: .failed, startedAt: now, endedAt: now, problem: ReportedText.line("it is refused: \(reason)"))
        }
        return news.sorted { $0.key < $1.key }.map { Self.text($0.key, $0.value) }
    }

    /// For the report: the first of them, and how many more; `nil`: there are none.
    var problem: String? {
        guard let (id, reason) = reasons.min(by: { $0.key < $1.key }) else { return nil }
        return Self.text(id, reason) + (reasons.count > 1 ? " (and \(reasons.count - 1) more)" : "")
    }

    private static func text(_ id: ExactText, _ reason: String) -> String {
        "the job \(id.wrappedValue.printed(atMost: 80)) of ADMIN is refused: \(reason)"
    }

    /// Whether a name may stand in a report: a line that is not too long.
    private static func canBeReported(_ id: String) -> Bool {
        id.unicodeScalars.count <= Limits.reportedText
            && !id.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }
}
