import AdminAPI

extension GatewayStatus {
    /// The status as a few lines for people.
    /// - Parameter now: seconds of the boot clock.
    public func text(now: Int) -> String {
        var lines = [
            "\(name) follows \(location ?? "a file"), \(role): \(state.rawValue)",
            mode == .daemon
                ? Self.line("daemon", "process \(process), up \(Self.duration(now - startedAt))")
                : Self.line("sync", "ran \(Self.duration(now - startedAt)) ago"),
        ]
        lines += syncDaemons.map { Self.line("sync", $0) }
        if let export {
            lines.append(
                Self.line(
                    "export",
                    "\(Self.short(export.etag))  \(export.rows) rows, \(export.virtualServices) virtual services, "
                        + "\(export.realServers) real servers, \(export.elements) set elements"))
        }
        if let applied {
            lines.append(
                Self.line(
                    "applied",
                    "\(Self.short(applied.etag))  \(Self.duration(now - applied.since)) ago, "
                        + "\(applied.changes) changes in \(Int(applied.milliseconds.rounded())) ms"))
        }
        if let poll { lines.append(Self.line("last poll", text(poll, now: now))) }
        if let held {
            lines.append(
                Self.line(
                    held.isRejected ? "rejected" : "held",
                    "\(Self.short(held.etag))  for \(Self.duration(now - held.since)): \(held.reasons.joined(separator: "; "))"
                ))
            if !held.isRejected {
                lines.append(Self.line("", "portcullis-gateway accept \(Self.short(held.etag))  (or reject)"))
            }
        }
        if let packets, packets.limited > 0 || packets.unmetered > 0 {
            let full =
                packets.unmetered > 0 ? "; \(packets.unmetered) passed that a full meter could not count" : ""
            lines.append(Self.line("limits", "\(packets.limited) packets dropped\(full)"))
        }
        lines += drains.map { drain in
            let left = drain.connections.map { "\($0) connections, " } ?? ""
            return Self.line(
                "draining",
                "\(drain.service) -> \(drain.server), \(left)at most \(Self.duration(max(0, drain.until - now))) more"
                    + (drain.isWholeService ? " (the service has left the export)" : ""))
        }
        if let checks { lines += text(checks, now: now) }
        lines += failures.map {
            Self.line("failed", "\($0.error); \($0.attempts) tries, next in \(Self.duration(max(0, $0.retryAt - now)))")
        }
        if failureCount > failures.count {
            lines.append(Self.line("failed", "\(failureCount - failures.count) more steps"))
        }
        if let at = drift.lastAt {
            lines.append(
                Self.line("drift", "\(drift.repairs) repairs, the last \(Self.duration(now - at)) ago:"))
            lines += drift.last.map { Self.line("", $0) }
        }
        lines += settings.map { Self.line("setting", "\($0)") }
        lines += foreignServices.map { Self.line("foreign", "\($0), on an address of ours but none of ours") }
        if !missingAddresses.isEmpty {
            lines.append(Self.line("missing", "not on this machine: \(missingAddresses.joined(separator: " "))"))
        }
        return (lines + (errors + problems).map { Self.line("error", $0) }).joined(separator: "\n")
    }

    private func text(_ checks: Checks, now: Int) -> [String] {
        var first = "\(checks.targets) targets, \(checks.up) up, \(checks.downCount) down"
        let unknown = checks.targets - checks.up - checks.downCount
        if unknown > 0 { first += ", \(unknown) without a verdict yet" }
        switch checks.prober {
        case .working: break
        case .silent: first += "; the prober (portcullis-checks) is silent"
        case .gone: first += "; there is no prober (portcullis-checks)"
        }
        if checks.prober != .working {
            first += checks.isInForce ? ", what it said last still holds" : ": servers count as ADMIN says"
        }
        var lines = [Self.line("checks", first)]
        if let until = checks.holdsUntil {
            lines.append(
                Self.line("", "too many failed at once: weights hold for \(Self.duration(max(0, until - now))) more"))
        }
        if let problem = checks.problem { lines.append(Self.line("", "the prober: \(problem)")) }
        lines += checks.down.map { target in
            let shown = target.instances.prefix(Checks.namedInstances)
            var names = shown.isEmpty ? "" : " (\(shown.joined(separator: ", "))"
            if !shown.isEmpty {
                let more = target.instanceCount - shown.count
                names += more > 0 ? " and \(more) more)" : ")"
            }
            return Self.line(
                "down",
                "\(target.target)\(names) for \(Self.duration(now - target.since)): "
                    + target.reason)
        }
        if checks.downCount > checks.down.count {
            lines.append(Self.line("down", "\(checks.downCount - checks.down.count) more"))
        }
        return lines
    }

    private func text(_ poll: Poll, now: Int) -> String {
        var text = "\(Self.duration(now - poll.at)) ago"
        if let error = poll.error {
            text += ", failed \(poll.failures) times"
            if let fault = poll.fault { text += " (\(fault))" }
            if let last = poll.succeededAt { text += " since one succeeded \(Self.duration(now - last)) ago" }
            text += ": \(error)"
        }
        return text
    }

    static func line(_ label: String, _ text: String) -> String {
        // A label as long as its column is still followed by a space.
        label + String(repeating: " ", count: max(1, 10 - label.count)) + text
    }

    /// The first digits of an ETag, enough for people and for `accept`.
    private static func short(_ etag: String) -> Substring { etag.dropFirst().prefix(12) }

    private static func duration(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) days"
        }
    }
}
