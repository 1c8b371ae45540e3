import Text

/// Whether a gateway does its work, as a monitor has to know it.
public struct GatewayHealth: Codable, Sendable, Hashable {
    /// From good to bad.
    public enum Verdict: String, Codable, Sendable, CaseIterable {
        /// The kernel is in line with the newest export.
        case healthy
        /// Traffic is served, but something wants an operator.
        case degraded
        /// There was no export yet: nothing is served.
        case waiting
        /// The kernel is not what the export in force makes of it.
        case outOfLine = "out-of-line"
        /// The daemon is there and does nothing.
        case hung
        case stopped

        /// Of `portcullis-gateway check`.
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

    public let verdict: Verdict
    /// The role in force.
    public let role: String
    /// Why it is no better.
    public let reasons: [String]

    /// - Parameters:
    ///   - status: what the daemon has told last.
    ///   - isRunning: whether a daemon holds the lock of the run directory.
    ///   - answer: whether it gave a sign of life when it was asked for one.
    ///   - asked: when that was.
    ///   - patience: seconds between two polls at most.
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
        // What the daemon itself could not carry out is known to it, and another gateway would fare no better.
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

    /// A line for people.
    public var text: String { ([verdict.rawValue + ", " + role] + reasons).joined(separator: ": ") }

    /// Lines for programs, as `systemctl show` has them: `STATE`, `ROLE` and `REASON`, each `KEY=value` without quotes,
    /// to the end of its line. Control characters in reasons are escaped.
    public var environment: String {
        "STATE=\(verdict.rawValue)\nROLE=\(role)\nREASON=\(reasons.joined(separator: ": ").printable)"
    }
}

/// What came of asking a daemon for a sign of life.
public enum SignOfLife: Sendable, Hashable {
    case given
    case missing
    /// It could not be asked.
    case unknown
}

extension GatewayStatus {
    /// Whether it was written before the daemon was asked for a sign of life, and so not for the answer.
    fileprivate func isOlder(than asked: ClockReading) -> Bool {
        guard let clock else { return false }
        return clock.bootID != asked.bootID || clock.boot < asked.boot
    }
}

extension GatewayConfiguration {
    /// Seconds without a poll after which a daemon is taken for hung: two polls at their slowest, and some.
    public var patience: Int { 2 * (interval + wait + timeout) + 10 }
}
