import AdminAPI
import AdminClient
import ArgumentParser
import CommandLineSupport

/// Begins a rollout, and watches it to its end.
struct RolloutStart {
    private let client: AdminResources
    private let change: ChangeOptions
    private let isWatched: Bool

    init(_ client: AdminResources, _ change: ChangeOptions, noWait: Bool) {
        self.client = client
        self.change = change
        isWatched = !noWait
    }

    /// Sends a request whose answer is `CreatedRollout`, and does what follows from that.
    ///
    /// - Parameter upToDate: what is to be said when so many instances run it already.
    func run(_ request: AdminRequest, upToDate: (Int) -> String) async throws {
        let made: CreatedRollout = try await client.value(request)
        if let count = made.upToDate { return try tell(made, upToDate(count)) }
        guard let rollout = made.rollout else { return try change.finish(made.report) }
        guard !made.report.isEmpty else { return try await follow(rollout) }
        guard !change.dryRun else {
            let report = ChangeReportText(rowLimit: change.allRows ? nil : 40, isDryRun: true).text(made.report)
            try change.output.show(made, asText: RolloutText.plan(rollout) + "\n\n" + report)
            throw ExitCode(2)
        }
        for warning in made.report.warnings { StandardError.write("Note: \(warning.detail).") }
        guard isWatched else { return try change.output.show(rollout, asText: RolloutText.begun(rollout)) }
        if !rollout.state.isEnd { StandardError.write(RolloutText.begun(rollout)) }
        if let note = RolloutText.awaited(rollout) { StandardError.write(note) }
        try await RolloutWatch(client, change.output).run(rollout.id)
    }

    /// Watches a rollout that is at work on the same already.
    private func follow(_ rollout: RolloutResource) async throws {
        guard isWatched, !change.dryRun else {
            return try change.output.show(rollout, asText: RolloutText.underWay(rollout))
        }
        StandardError.write(RolloutText.underWay(rollout))
        try await RolloutWatch(client, change.output).run(rollout.id)
    }

    /// Says that all instances run the version. There is no rollout whose number could be printed.
    private func tell(_ made: CreatedRollout, _ text: String) throws {
        switch change.output.output {
        case .json: try StandardOutput.write(JSONText.line(made.json))
        case .yaml: try StandardOutput.write("---\n" + YAMLText.text(made.json))
        case .name: break
        case .table, .wide: try StandardOutput.write(text)
        }
    }
}
