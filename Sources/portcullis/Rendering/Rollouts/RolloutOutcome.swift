import AdminAPI
import ArgumentParser
import Text

/// How the watching of a rollout ends, with the command's exit status.
enum RolloutOutcome: Int32, Equatable, CaseIterable {
    /// As was asked for.
    case reached = 0
    /// Something has failed, and went back.
    case failed = 3
    /// It goes on when somebody says so.
    case paused = 4
    /// Somebody else has ended it in another way.
    case endedByAnother = 5
    /// An instance does not come back to the version before.
    case stuck = 6

    /// The outcome; `nil`: the rollout goes on.
    /// - Parameter goal: the end that was asked for.
    init?(of rollout: RolloutResource, goal: RolloutState) {
        switch rollout.state {
        case .running: return nil
        case .paused: self = .paused
        case _ where rollout.stuck > 0: self = .stuck
        case goal: self = .reached
        case .failed: self = .failed
        case .finished, .aborted, .reverted: self = .endedByAnother
        }
    }

    /// The exit statuses, for `--help`.
    static let help = """
        Exit codes: 0 the instances run the version, or the end that was asked for is reached; 1 ADMIN refuses, or \
        cannot be asked; 2 a dry run found changes; 3 it has failed, and what failed went back; 4 it is paused, and needs \
        somebody; 5 somebody else has ended it; 6 an instance is stuck.
        """

    /// What has become of the rollout, and what to do next.
    func text(of rollout: RolloutResource) -> String {
        let name = "rollout \(rollout.id)"
        let version = RolloutText.version(rollout)
        let command = "portcullis rollouts"
        let reason = rollout.reason.map { ": \($0)" } ?? ""
        let show = "`\(command) show \(rollout.id)` has each instance"
        switch self {
        case .reached:
            switch rollout.state {
            case .reverted:
                return "\(name) is reverted: the instances have the versions that they had\(Self.gone(rollout))"
            case .aborted: return "\(name) is aborted: \(Self.changed(rollout)) of \(rollout.total) have \(version)"
            case .running, .paused, .finished, .failed:
                return "\(name) has finished: \(Self.instances(rollout)) \(version)"
            }
        case .failed:
            let changed = Self.changed(rollout)
            let rest =
                changed == 0
                ? "No instance runs \(version). \(show)."
                : "\(changed) of \(rollout.total) run \(version), and keep it. \(show); "
                    + "`\(command) revert \(rollout.id)` takes those back, too."
            return "\(name) has failed\(reason)\n\(rest)"
        case .paused:
            let work = (rollout.instances ?? []).count(where: RolloutText.isAtWork)
            let busy = work > 0 ? "\n\(work == 1 ? "1 instance is" : "\(work) instances are") still at work." : ""
            return """
                \(name) is paused\(reason)\(busy)
                `\(command) resume \(rollout.id)` goes on, with --without-gateway for a gateway that is known to be off; \
                `\(command) abort \(rollout.id)` ends it.
                """
        case .endedByAnother:
            return "\(name) was ended by somebody else: it is \(rollout.state.rawValue)\(reason)\n\(show)."
        case .stuck:
            return """
                \(name) is \(rollout.state.rawValue)\(reason)
                \(rollout.stuck == 1 ? "1 instance is" : "\(rollout.stuck) instances are") stuck, drained from the export. \
                \(show); `\(command) revert \(rollout.id)` tries again to bring it back, \
                `\(command) abort \(rollout.id)` gives it requests as it is.
                """
        }
    }

    /// How many instances have the version.
    private static func changed(_ rollout: RolloutResource) -> Int {
        (rollout.instances ?? []).count { $0.stage.isExactly("done") && !$0.isGoingBack }
    }

    /// `, but for pgw.3, which is no more`
    private static func gone(_ rollout: RolloutResource) -> String {
        let names = (rollout.instances ?? []).filter { $0.server == nil }.map(\.service.printable)
        guard !names.isEmpty else { return "" }
        return ", but for \(names.joined(atMost: 5)), which \(names.count == 1 ? "is" : "are") no more"
    }

    /// Not all of the type need be part of it.
    private static func instances(_ rollout: RolloutResource) -> String {
        guard let instances = rollout.instances, instances.count == 1 else {
            return "all \(rollout.total) instances of \(rollout.type) have"
        }
        return "\(instances[0].service.printable) has"
    }
}
