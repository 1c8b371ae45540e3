import Names
import Rollouts
import Text

extension Cloud {
    /// The lines of a job's output that a notice has.
    private static let outputLines = 200
    /// The bytes of them.
    private static let outputBytes = 12 << 10
    /// How many instances a notice names.
    private static let named = 20

    /// What people are told of a step of a rollout. Cost: linear in its instances.
    func rolloutNotices(from before: ServiceRollout, to after: ServiceRollout) -> [Notice] {
        let stuck = zip(before.progress.instances, after.progress.instances)
            .filter { $0.stage != .stuck && $1.stage == .stuck }.map(\.1)
        return stuck.map { stuckNotice(of: $0, after) } + [stateNotice(from: before, to: after)].compactMap(\.self)
    }

    private func stateNotice(from before: ServiceRollout, to after: ServiceRollout) -> Notice? {
        guard before.progress.state != after.progress.state else { return nil }
        let what = "rollout \(after.id) of \(after.type) to \(after.version)"
        switch after.progress.state {
        case .running: return nil
        case .paused(Rollout.pausedByOperator): return nil
        case .paused(Rollout.canariesPassed):
            return notice(
                .info, after, "\(what) waits: the canaries have passed",
                [
                    "portcullis rollouts resume \(after.id) goes on with the others, portcullis rollouts revert "
                        + "\(after.id) takes them back."
                ])
        case .paused(let reason):
            return notice(
                .warning, after, "\(what) is paused: \(reason)",
                [
                    "Nothing further is begun. If a gateway is off for good, portcullis rollouts resume \(after.id) "
                        + "--without-gateway NAME goes on without it; otherwise portcullis rollouts resume \(after.id) "
                        + "once it answers.", show(after),
                ])
        case .failed(let reason): return failure(of: after, what, reason)
        case .finished:
            let count = after.progress.instances.count
            return notice(
                .info, after, "\(what) has finished: \(count == 1 ? "1 instance" : "\(count) instances")",
                ["portcullis rollouts revert \(after.id) takes them back."], isResolved: true)
        case .aborted, .reverted:
            let word = after.progress.state == .aborted ? "was aborted" : "was reverted"
            return notice(
                .info, after, "\(what) \(word)", [show(after)], isResolved: after.progress.drained.isEmpty)
        }
    }

    private func failure(of rollout: ServiceRollout, _ what: String, _ reason: String) -> Notice {
        let failed = rollout.progress.instances.filter { $0.problem != nil }
        var lines = failed.prefix(Self.named).map { fate(of: $0, rollout) }
        if failed.count > Self.named { lines.append("… and \(failed.count - Self.named) more instances.") }
        let done = rollout.progress.instances.count { $0.stage == .done && $0.isChanged }
        lines.append(
            done > 0
                ? "\(done == 1 ? "1 instance that was done before keeps" : "\(done) instances that were done before keep") "
                    + "\(rollout.version)."
                : "No instance keeps "
                    + "\(rollout.version).")
        lines.append(show(rollout))
        if failed.isEmpty {
            lines.append("The version was not tried, and keeps its mark.")
        } else if let digest = rollout.quarantinedVersion {
            let version = "\(rollout.type) \(rollout.reference(to: digest))"
            lines.append("The version is quarantined: portcullis versions mark \(version) untested lifts that.")
        } else if rollout.progress.hasVersionFailed {
            lines.append("The version keeps its mark: it is what other instances run.")
        } else {
            lines.append("That says nothing of the version, which keeps its mark: begin the rollout again.")
        }
        // The one that has failed first, with its output.
        let jobs = rollout.jobs.compactMap { self.jobs[$0.value] }.sorted { $0.number < $1.number }
        if let job = jobs.first(where: { $0.end?.outcome == .failed }), let end = job.end {
            lines.append("")
            lines.append("The end of the output of job \(job.id) (\(job)), \(end.problem ?? "failed"):")
            lines.append(Self.tail(of: end.output))
        }
        return notice(.critical, rollout, "\(what) has failed: \(reason)", lines, about: failed.first?.name)
    }

    /// `pgw.2 on app2: its tests have failed. It is back at 1.5.0.`
    private func fate(of instance: RolloutInstance, _ rollout: ServiceRollout) -> String {
        let place = services[instance.name].map { " on \($0.server)" } ?? ""
        let version = instance.version.map { "\(rollout.reference(to: $0))" } ?? "no version"
        let end =
            switch instance.stage {
            case .stuck: "It does not come back to \(version), and is drained."
            case .done where !instance.isChanged: "It is back at \(version)."
            case _ where !instance.isChanged: "It has kept \(version)."
            default: "It still has \(version)."
            }
        return "\(instance.name)\(place): \(instance.problem ?? "nothing has failed"). \(end)"
    }

    private func stuckNotice(of instance: RolloutInstance, _ rollout: ServiceRollout) -> Notice {
        let place = services[instance.name].map { " on \($0.server)" } ?? ""
        return notice(
            .critical, rollout, "\(instance.name)\(place) is stuck: \(instance.problem ?? "it does not come back")",
            [
                "It is drained and gets no requests. Look at it (portcullis nodes show "
                    + "\(services[instance.name]?.server ?? "SERVER")), then:",
                "portcullis rollouts revert \(rollout.id) tries again to bring it back,",
                "portcullis rollouts abort \(rollout.id), once the rollout has ended, gives it requests as it is.",
                show(rollout),
            ], about: instance.name)
    }

    private func show(_ rollout: ServiceRollout) -> String {
        "portcullis rollouts show \(rollout.id) shows the rollout."
    }

    private func notice(
        _ severity: Notice.Severity, _ rollout: ServiceRollout, _ title: String, _ lines: [String],
        about instance: String? = nil, isResolved: Bool = false
    ) -> Notice {
        // A rollout at one location belongs there, and so does an instance.
        let names = instance.map { [$0] } ?? rollout.progress.instances.map(\.name)
        let places = Set(names.map { services[$0].flatMap { servers[$0.server]?.location } })
        return Notice(
            severity, of: .rollout, rollout.id, title: Self.cut(title, to: 200),
            text: Self.cut(lines.joined(separator: "\n"), to: 16 << 10),
            location: places.count == 1 ? places.first ?? nil : nil, type: rollout.type, isResolved: isResolved)
    }

    /// The first bytes of a text, whole scalars only.
    private static func cut(_ text: String, to most: Int) -> String {
        guard text.utf8.count > most else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: most - 3)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + "…"
    }

    /// The last lines of an output, within so many bytes.
    private static func tail(of output: String) -> String {
        let lines = output.splitBytes("\n").suffix(outputLines + (output.utf8.last == 0x0A ? 1 : 0))
        var kept: [Substring] = []
        var size = 0
        for line in lines.reversed() {
            size += line.utf8.count + 1
            guard size <= outputBytes else { break }
            kept.append(line)
        }
        if kept.isEmpty, let last = lines.last {
            return "…" + String(decoding: last.utf8.suffix(outputBytes), as: UTF8.self)
        }
        return kept.reversed().joined(separator: "\n").printableLines
    }
}
