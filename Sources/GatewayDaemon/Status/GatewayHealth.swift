import AdminAPI
import Text

/// Whether a gateway works, in the terms of a monitor.
public struct GatewayHealth: Codable, Sendable, Hashable {
    /// From best to worst.
    public enum Verdict: String, Codable, Sendable, CaseIterable {
        /// The kernel agrees with the newest export.
        case healthy
        /// Traffic is served, but an operator should look at something.
        case degraded
        /// No export has arrived yet, so nothing is served.
        case waiting
        /// The kernel differs from the export in force.
        case outOfLine = "out-of-line"
        /// The daemon runs but makes no progress.
        case hung
        case stopped

        /// The exit status of `portcullis-gateway check`.
        public var exitStatus: Int32 {
            switch self {
            case .healthy: 0
            case .degraded: 3
            case .waiting: 4
            case .outOfLine: 5
            case .hung: 6
            case .stopped: 7
            }
        }
    }

    /// Whether the gateway works.
    public let verdict: Verdict
    /// The current role.
    public let role: String
    /// Why the verdict is not better.
    public let reasons: [String]

    /// - Parameters:
    ///   - status: the last status that the daemon wrote.
    ///   - isRunning: whether a daemon holds the lock of the run directory.
    ///   - answer: whether the daemon gave a sign of life when it was asked.
    ///   - asked: when it was asked.
    ///   - now: seconds of the boot clock.
    ///   - patience: the greatest number of seconds between two polls.
    ///   - deviations: how the kernel differs from the export in force and the role.
    public init(
        _ status: GatewayStatus?, role: GatewayRole, isRunning: Bool, answer: SignOfLife, asked: ClockReading, now: Int,
        patience: Int, deviations: [String]
    ) {
        self.role = role.rawValue
        guard isRunning else {
            (verdict, reasons) = (.stopped, ["the daemon does not run"])
            return
        }
        guard answer != .missing else {
            (verdict, reasons) = (.hung, ["the daemon gives no sign of life"])
            return
        }
        guard let status else {
            (verdict, reasons) = (.waiting, ["the daemon has not polled yet"])
            return
        }
        let silence = now - max(status.poll?.at ?? status.startedAt, status.startedAt)
        let isStale = silence > patience
        guard !isStale || answer == .given && status.isOlder(than: asked) else {
            (verdict, reasons) = (.hung, ["the daemon has not polled for \(silence) s"])
            return
        }
        guard status.state != .waiting else {
            (verdict, reasons) = (.waiting, ["no export yet"] + [status.poll?.error].compactMap(\.self))
            return
        }
        // The daemon already knows what it could not carry out, and another gateway would not do better.
        guard deviations.isEmpty || !status.failures.isEmpty else {
            (verdict, reasons) = (.outOfLine, deviations)
            return
        }
        let unwritten = "status.json is of \(silence) s ago at least, and the daemon answers: it cannot be written"
        reasons =
            (isStale ? [unwritten] : []) + status.errors + status.failures.map(\.error) + status.problems
            + status.settings.map(\.description)
            + [status.poll?.error, status.held.map { "export \($0.etag) is held back" }].compactMap(\.self)
        verdict = reasons.isEmpty ? .healthy : .degraded
    }

    /// One line for people.
    public var text: String { ([verdict.rawValue + ", " + role] + reasons).joined(separator: ": ") }

    /// Lines for programs, like those of `systemctl show`: `STATE`, `ROLE` and `REASON`, each as `KEY=value` without
    /// quotes, up to the end of the line. Control characters in reasons are escaped.
    public var environment: String {
        "STATE=\(verdict.rawValue)\nROLE=\(role)\nREASON=\(reasons.joined(separator: ": ").printable)"
    }
}

/// The result of asking a daemon for a sign of life.
public enum SignOfLife: Sendable, Hashable {
    case given
    case missing
    /// The daemon could not be asked.
    case unknown
}

extension GatewayStatus {
    /// Whether the status was written before the daemon was asked for a sign of life, so that it is not a part of the
    /// answer.
    fileprivate func isOlder(than asked: ClockReading) -> Bool {
        guard let clock else { return false }
        return clock.bootID != asked.bootID || clock.boot < asked.boot
    }
}

extension GatewayConfiguration {
    /// Seconds without a poll after which a daemon is considered hung: twice the longest time of a poll, and 10 more.
    public var patience: Int { 2 * (interval + wait + timeout) + 10 }
}
