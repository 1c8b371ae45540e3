import AdminAPI
import FoundationEssentials
import Text

extension GatewayStatus {
    /// What ADMIN is told beside polls, cut to its limits. Its times are of the wall clock. Costs a look at each draining
    /// server.
    /// - Parameters:
    ///   - program: the version of the program.
    ///   - draining: the instances at weight 0, with their connections.
    func report(
        program: String, at now: ClockReading, draining: GatewayReport.Draining? = nil
    ) -> GatewayReport {
        func time(_ boot: Int) -> String {
            Date(timeIntervalSince1970: Double(boot + now.wallOffset)).formatted(.iso8601)
        }
        var report = GatewayReport(program: program, state: state, draining: draining)
        for drain in drains.prefix(Limits.reportedDrains) {
            report.drains[Self.text("\(drain.service) \(drain.server)")] = GatewayReport.Drain(
                until: time(drain.until), connections: drain.connections.map { min($0, Limits.reportedCount) })
        }
        report.drainCount = min(drains.count, Limits.reportedCount)
        if let checks {
            var down: [ExactText: GatewayReport.Health.Down] = [:]
            // Long reasons may leave no room for all of them.
            var room = Limits.report / 3
            for target in checks.down {
                let reason = Self.text(target.reason).wrappedValue
                for instance in target.instances where down.count < Limits.reportedDown {
                    room -= instance.utf8.count + target.target.utf8.count + reason.utf8.count
                    guard room > 0 else { break }
                    down[ExactText(instance)] = GatewayReport.Health.Down(
                        target: target.target, since: time(target.since), reason: reason)
                }
            }
            report.health = GatewayReport.Health(
                isInForce: checks.isInForce, targets: min(checks.targets, Limits.reportedCount),
                unknown: min(checks.targets - checks.up - checks.downCount, Limits.reportedCount), down: down,
                downCount: min(checks.downCount, Limits.reportedCount),
                downInstances: min(checks.downInstances, Limits.reportedCount), holdsUntil: checks.holdsUntil.map(time))
        }
        for failure in failures.prefix(Limits.reportedTexts) {
            report.refusals[Self.text(failure.error)] = GatewayReport.Refusal(
                since: time(failure.since), attempts: min(failure.attempts, Limits.reportedCount))
        }
        var seen: Set<ExactText> = []
        for text in complaints.lazy.map(Self.text) where report.problems.count < Limits.reportedTexts {
            if seen.insert(text).inserted { report.problems.append(text.wrappedValue) }
        }
        return report
    }

    /// What an operator should know of, a line each.
    private var complaints: [String] {
        var texts = errors + problems + settings.map(\.description)
        texts += foreignServices.map { "the virtual service \($0) is on an address of ours but none of ours" }
        if !missingAddresses.isEmpty {
            texts.append("addresses of the export are not on this machine: \(missingAddresses.joined(separator: " "))")
        }
        return texts
    }

    /// One line without control characters, cut.
    private static func text(_ text: String) -> ExactText {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(Limits.reportedText) {
            line.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return ExactText(String(line))
    }
}
