import AdminAPI
import Cloud
import CommandLineSupport
import Text

/// Crashes for people.
enum CrashText {
    /// Characters of a function's name in a row: those of C++ may be very long.
    private static let longestFunction = 60

    static func table(_ groups: [CrashGroup], isWide: Bool) -> Table {
        let more: [Table.Column] = isWide ? [.init("SERVICES", .right), .init("SERVERS", .right), "FIRST"] : []
        return Table(
            ["CRASH", "LAST", .init("COUNT", .right), "WHAT", "WHERE", "SERVICE", "SERVER", "VERSION"] + more,
            groups.map { group in
                [
                    group.fingerprint, group.lastSeen, "\(group.count)", what(group),
                    group.function?.shownName(atMost: longestFunction) ?? "", group.lastService, group.lastServer,
                    words(group.lastVersion),
                ] + (isWide ? ["\(group.services)", "\(group.servers)", group.firstSeen] : [])
            })
    }

    /// `2027-01-15T03:12:09.114Z crashed: SIGSEGV in handle_request (0123456789abcdef)`
    static func last(_ group: CrashGroup) -> String {
        "\(group.lastSeen) \(what(group))" + (group.function.map { " in \($0.printable)" } ?? "")
            + " (\(group.fingerprint))"
    }

    /// A group with one of its reports.
    ///
    /// - Parameter report: `nil`: it cannot be had; the stack of the newest is shown without variables.
    static func crash(_ detail: CrashGroupDetail, _ report: CrashResource?) -> String {
        let group = detail.group
        let properties = Table(
            ["", ""],
            [
                ["crash", group.fingerprint], ["what", what(group)], ["where", group.function ?? ""],
                ["count", "\(group.count)"], ["first seen", group.firstSeen], ["last seen", group.lastSeen],
            ]
        ).body(indent: "")
        return [
            properties, counts(detail.counts), reports(detail.reports).text,
            report.map { self.report($0, newer: newer($0, detail.reports)) } ?? stack(detail.frames),
        ].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// Rows of the table of counts; JSON has them all.
    private static let shownCounts = 20

    private static func counts(_ tallies: [CrashTally]) -> String {
        let table = Table(
            ["TYPE", "SERVICE", "SERVER", "VERSION", .init("COUNT", .right), "FIRST", "LAST"],
            tallies.prefix(shownCounts).map { tally in
                [
                    tally.type, tally.service ?? "others", tally.server ?? "others", words(tally.version),
                    "\(tally.count)", tally.firstSeen, tally.lastSeen,
                ]
            })
        let rest = tallies.dropFirst(shownCounts)
        guard !rest.isEmpty else { return table.text }
        return table.text + "\nand \(rest.count) more, with \(rest.reduce(0) { $0 + $1.count }) crashes"
    }

    private static func reports(_ reports: [CrashResource]) -> Table {
        Table(
            ["REPORT", "TIME", "SERVICE", "SERVER", "VERSION", .init("WORKER", .right), .init("PID", .right), "DUMP"],
            reports.map { report in
                [
                    report.id, report.at, report.service, report.server, words(report.version), "\(report.worker)",
                    "\(report.pid)", report.dumpSize > 0 ? "\(report.dumpSize) bytes" : "none",
                ]
            })
    }

    /// How many reports are newer than the one that is shown.
    private static func newer(_ report: CrashResource, _ reports: [CrashResource]) -> Int {
        reports.firstIndex { $0.id == report.id } ?? 0
    }

    private static func report(_ report: CrashResource, newer: Int) -> String {
        let properties = Table(
            ["", ""],
            [
                ["report", report.id + (newer > 0 ? " (\(newer) newer above)" : "")], ["time", report.at],
                ["service", "\(report.service) on \(report.server)"],
                ["version", words(report.version)], ["program", report.program],
                ["process", "\(report.pid)" + (report.worker > 0 ? ", worker \(report.worker)" : "")],
                ["end", report.kind.words(signal: report.signal, exitCode: report.exitCode)],
            ]
                + (report.threads.map { [["threads", "\($0)"]] } ?? [])
                + (report.problem.map { [["problem", $0]] } ?? [])
        ).body(indent: "")
        let text = (report.text ?? "").withoutSurroundingSpace
        return [properties, stack(report.frames ?? []), text.isEmpty ? "" : "variables:\n\(text.printableLines)"]
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// A frame a line, the innermost first.
    private static func stack(_ frames: [CrashFrame]) -> String {
        guard !frames.isEmpty else { return "" }
        return "stack:\n"
            + frames.enumerated().map { "#\($0.offset)".padded(to: 4) + $0.element.words }.joined(separator: "\n")
    }

    private static func what(_ group: CrashGroup) -> String { group.kind.words(signal: group.signal) }

    private static func words(_ version: CrashVersion) -> String {
        version.words(mainVariant: BuildSection.mainVariant)
    }
}

extension String {
    /// With spaces behind it, at least one.
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - utf8.count))
    }
}
