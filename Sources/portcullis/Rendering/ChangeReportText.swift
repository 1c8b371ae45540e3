import AdminAPI
import CommandLineSupport
import Text

/// A change report for people: the changes in the registry, in the exports, and in the services' configurations.
struct ChangeReportText {
    /// The greatest number of rows of an export, and of lines of the configurations; `nil`: all.
    var rowLimit: Int? = 40
    /// Whether the change was a dry run.
    var isDryRun = false
    /// Where the parts of the request are in the operator's files.
    var places = SourceMap()

    func text(_ report: ChangeReport) -> String {
        guard !report.isEmpty else { return "no changes" }
        var parts = [String]()
        if !report.changes.isEmpty { parts.append("registry: \(registrySummary(report.changes))\n\(changes(report))") }
        parts += report.export.map(export)
        if let text = configurations(report.configurations) { parts.append(text) }
        if !report.warnings.isEmpty {
            parts.append(
                report.warnings.map { warning in
                    "warning: \(places.place(of: warning.pointer)): \(places.translated(warning.detail))"
                }.joined(separator: "\n"))
        }
        if isDryRun { parts.append("dry run: nothing was changed") }
        return parts.joined(separator: "\n\n")
    }

    private func changes(_ report: ChangeReport) -> String {
        Table(["", "", "", ""], report.changes.map { [sign($0.action), $0.kind.rawValue, $0.name, values($0)] })
            .body(indent: "  ")
    }

    /// `ready on app1, weight 50 → drain on app1, weight 50`. An older ADMIN sends no values: empty.
    private func values(_ change: ChangeReport.Change) -> String {
        let values = [change.before, change.after].compactMap(\.self)
        // The values look the same, such as é in its two forms.
        let lookAlike = values.count == 2 && values[0] == values[1]
        return values.map { lookAlike ? $0.asciiEscaped : $0 }.joined(separator: " → ")
    }

    private func registrySummary(_ changes: [ChangeReport.Change]) -> String {
        summary(
            changes.count { $0.action == .create }, changes.count { $0.action == .update },
            changes.count { $0.action == .delete })
    }

    private func export(_ change: ExportChange) -> String {
        let head =
            "export of \(change.location.printable): "
            + summary(change.added.count, change.changed.count, change.removed.count, of: "row")
        let all =
            change.added.map { row("+", $0) } + change.changed.map { row("~", $0.after, before: $0.before) }
            + change.removed.map { row("-", $0) }
        let shown = rowLimit.map { Array(all.prefix($0)) } ?? all
        var text = head + "\n" + Table(["", "", "", "", "", ""], shown).body(indent: "  ")
        if shown.count < all.count { text += "\n  … and \(all.count - shown.count) more; --all-rows shows them" }
        return text
    }

    /// The changes of configurations; `nil` if there are none.
    func configurations(_ changes: [ConfigurationChange]) -> String? {
        guard !changes.isEmpty else { return nil }
        let count = changes.reduce(0) { $0 + $1.services.count }
        var lines = ["configuration of \(count) \(count == 1 ? "service" : "services"): changed"]
        let all = changes.flatMap { change in
            ["  " + services(change.services).printable]
                + (change.omitted == true ? ["    (left out: too many lines)"] : [])
                + Table(["", "", ""], change.lines.map(line)).body(indent: "    ").splitBytes("\n").map {
                    String($0)
                }
        }
        let shown = rowLimit.map { Array(all.prefix($0)) } ?? all
        lines += shown
        if shown.count < all.count { lines.append("  … and \(all.count - shown.count) more; --all-rows shows them") }
        return lines.joined(separator: "\n")
    }

    /// `pgw.1, pgw.2, pgw.3 and 2 more`
    private func services(_ names: [String]) -> String {
        let shown = names.prefix(rowLimit == nil ? names.count : 5).joined(separator: ", ")
        return names.count > 5 && rowLimit != nil ? "\(shown) and \(names.count - 5) more" : shown
    }

    private func line(_ line: ConfigurationChange.Line) -> [String] {
        switch (line.before, line.after) {
        case (let before?, let after?):
            // The values look the same, such as é in its two forms.
            before == after
                ? ["~", line.path, "\(before.asciiEscaped) → \(after.asciiEscaped)"]
                : ["~", line.path, "\(before) → \(after)"]
        case (nil, let after): ["+", line.path, after ?? ""]
        case (let before, nil): ["-", line.path, before ?? ""]
        }
    }

    private func row(_ sign: String, _ line: String, before: String? = nil) -> [String] {
        guard let after = ExportLine(line) else { return [sign, line, "", "", "", ""] }
        let details: String =
            if let before = before.flatMap(ExportLine.init) {
                before.differences(to: after).joined(separator: ", ")
            } else {
                after.details
            }
        return [sign, after.service, after.section, after.external, after.backend, details]
    }

    private func sign(_ action: ChangeAction) -> String {
        switch action {
        case .create: "+"
        case .update: "~"
        case .delete: "-"
        }
    }

    /// `3 rows added, 1 changed`
    private func summary(_ added: Int, _ changed: Int, _ removed: Int, of unit: String? = nil) -> String {
        var counts = [(added, "added"), (changed, "changed"), (removed, "removed")].filter { $0.0 > 0 }
            .map { "\($0.0) \($0.1)" }
        if let unit, let first = counts.first, let space = first.firstByte(" ") {
            let plural = first.hasBytePrefix("1 ") ? unit : unit + "s"
            counts[0] = "\(first[..<space]) \(plural)\(first[space...])"
        }
        return counts.joined(separator: ", ")
    }
}
