/// Milliseconds for each phase.
public struct Timing {
    private let phases: [(String, Double)]
    private let changes: Int

    public init(_ parse: Duration, _ outcome: Synchronizer.Outcome) {
        phases = [
            ("parse", parse.milliseconds), ("read", outcome.timings.read.milliseconds),
            ("diff", outcome.timings.diff.milliseconds), ("apply", outcome.timings.apply.milliseconds),
            ("total", (parse + outcome.timings.total).milliseconds),
        ]
        changes = outcome.changes
    }

    /// One line of JSON.
    public var json: String {
        let fields = phases.map { "\"\($0.0)\": \(($0.1 * 1_000).rounded() / 1_000)" } + ["\"changes\": \(changes)"]
        return "{\(fields.joined(separator: ", "))}"
    }
}
