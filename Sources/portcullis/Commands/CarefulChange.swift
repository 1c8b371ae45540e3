import AdminAPI
import AdminClient

/// A change whose extent the operator did not spell out: it is made only if it is small, or confirmed.
struct CarefulChange {
    /// How many objects may be affected without `--yes`.
    static let handful = 5
    /// How often the change begins again because somebody else has changed the registry meanwhile.
    private static let attempts = 10

    let options: ChangeOptions
    /// Whether `--yes` was given.
    let isConfirmed: Bool
    /// Why a change needs `--yes`: what it would do; `nil`: it does not.
    let objection: (ChangeReport) -> String?

    /// The report on the change; in a dry run, on what would change. First sends it as a dry run, then for the very
    /// registry that the dry run has seen, so that nothing else is changed than was looked at.
    /// - Parameter request: makes the request, of which the argument says whether it is a dry run.
    func report(_ client: AdminResources, _ request: (Bool) -> AdminRequest) async throws -> ChangeReport {
        var attempt = 1
        while true {
            let dryRun = request(true)
            let answer = try await client.send(dryRun)
            let report: ChangeReport = try client.value(of: answer, to: dryRun)
            if options.dryRun || report.isEmpty { return report }
            if !isConfirmed, let objection = objection(report) {
                try options.output.show(report, asText: ChangeReportText(isDryRun: true).text(report))
                throw CommandError("\(objection); nothing was changed", hint: "If that is meant, say --yes.")
            }
            var change = request(false)
            if let tag = answer.eTag { change.add(APIHeader.ifMatch, tag) }
            do {
                return try await client.value(change)
            } catch let error as CommandError where error.status == 412 && attempt < Self.attempts {
                attempt += 1
            }
        }
    }
}
