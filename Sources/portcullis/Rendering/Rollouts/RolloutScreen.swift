import AdminAPI
import CommandLineSupport
import Text

/// The lines that a terminal shows of a rollout at work: one for each instance at work or stuck, and a bar.
struct RolloutScreen {
    let rollout: RolloutResource
    /// Seconds since ADMIN has told it.
    let elapsed: Int

    /// - Parameters:
    ///   - lines: how many lines there may be, at least 2. What does not fit is counted.
    ///   - columns: how long a line may be.
    func lines(_ lines: Int, columns: Int) -> [String] {
        let busy = (rollout.instances ?? []).filter { RolloutText.isAtWork($0) || $0.stage.isExactly("stuck") }
        let isCut = busy.count > lines - 1
        let shown = isCut ? Array(busy.prefix(max(lines - 2, 0))) : busy
        let rows = Table(
            ["", "", .init("", .right), ""],
            shown.map { instance in
                [instance.service, RolloutText.stage(instance)]
                    + [ResourceTables.duration(Double(instance.seconds + elapsed)), RolloutText.remark(instance)]
            }
        ).body(indent: "  ")
        let more = isCut && lines > 2 ? ["  … and \(busy.count - shown.count) more"] : []
        return ((shown.isEmpty ? [] : rows.splitBytes("\n").map(String.init)) + more + [bar(columns)])
            .map { Self.cut($0, columns) }
    }

    /// `pgw to 1.6.0, rollout 7  [=====>    ] 3 of 8`
    private func bar(_ columns: Int) -> String {
        let ending = rollout.ending.map { ", \(RolloutText.word($0))" } ?? ""
        let head = "\(rollout.type) to \(RolloutText.version(rollout)), rollout \(rollout.id)\(ending)".printable
        let stuck = rollout.stuck > 0 ? ", \(rollout.stuck) stuck" : ""
        let tail = RolloutText.done(rollout) + stuck
        let room = columns - head.unicodeScalars.count - tail.utf8.count - 5
        guard room >= 5 else { return "\(head)  \(tail)" }
        let rest = rollout.done + rollout.back
        return "\(head)  [\(Self.bar(rest, of: rollout.total, width: min(room, 40)))] \(tail)"
    }

    /// `=====>    `
    static func bar(_ done: Int, of total: Int, width: Int) -> String {
        let full = total > 0 ? min(done, total) * width / total : width
        guard full < width else { return String(repeating: "=", count: width) }
        return String(repeating: "=", count: full) + ">" + String(repeating: " ", count: width - full - 1)
    }

    /// The beginning of a line that is too long, with a mark at its end.
    static func cut(_ line: String, _ columns: Int) -> String {
        let scalars = line.unicodeScalars
        guard scalars.count > columns else { return line }
        return String(String.UnicodeScalarView(scalars.prefix(max(columns - 1, 0)))) + "…"
    }
}
