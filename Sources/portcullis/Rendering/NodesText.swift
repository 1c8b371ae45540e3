import AdminAPI
import CommandLineSupport
import Names
import Text

/// Nodes and jobs for people.
enum NodesText {
    static func table(_ nodes: [NodeResource], isWide: Bool) -> Table {
        let more: [Table.Column] = isWide ? ["PROGRAM", .init("MEMORY", .right)] : []
        return Table(
            [
                "SERVER", "LOCATION", "SEEN", "IN SYNC", .init("RUN", .right), .init("OF", .right),
                .init("DIFFER", .right), .init("LOAD", .right), .init("DISK FREE", .right),
            ] + more,
            nodes.map { node in
                [node.server, node.location, seen(node), node.isInSync ? "yes" : "no", "\(node.running)"]
                    + ["\(node.assigned)", "\(node.differences)", load(node.load), bytes(node.freeDisk)]
                    + (isWide ? [node.program?.printable ?? "", bytes(node.freeMemory)] : [])
            })
    }

    static func node(_ detail: NodeDetail) -> String {
        let node = detail.node
        var parts = [
            Table(
                ["", ""],
                [
                    ["server", node.server], ["location", node.location], ["seen", seen(node)],
                    ["in sync", node.isInSync ? "yes" : "no"],
                ]
                    + (detail.report.map { report in
                        [
                            ["program", report.program.printable], ["booted", report.bootedAt],
                            ["load", load(report.load)],
                            ["memory", "\(bytes(report.freeMemory)) free of \(bytes(report.memory))"],
                        ]
                    } ?? [])
            ).body(indent: "")
        ]
        guard let report = detail.report else { return parts[0] + "\n\nno report since ADMIN started" }
        let differences = Dictionary(
            detail.differences.map { (ExactText($0.service), $0.text) }, uniquingKeysWith: { first, _ in first })
        let names = Set(report.services.keys).union(differences.keys).sorted()
        if !names.isEmpty {
            parts.append(
                Table(
                    ["SERVICE", "RUN", "SINCE", "MANIFEST", .init("RESTARTS", .right), "DIFFERS"],
                    names.map { name in
                        let service = report.services[name]
                        return [name.wrappedValue.printable, service.map { run($0) } ?? "", service?.since ?? ""]
                            + [String((service?.version ?? "").prefix(12)), service.map { "\($0.restarts)" } ?? ""]
                            + [(differences[name] ?? "").printable]
                    }
                ).text)
        }
        parts.append(
            Table(
                ["DRIVE", "PATH", "MOUNTED", .init("FREE", .right), .init("SIZE", .right)],
                report.drives.sorted { $0.key < $1.key }.map { name, drive in
                    [name.wrappedValue.printable, drive.path.printable, drive.isMounted ? "yes" : "no"]
                        + [bytes(drive.free), bytes(drive.size)]
                }
            ).text)
        if !detail.remains.isEmpty {
            parts.append(
                Table(
                    ["LEFT BY", "DRIVE", ""],
                    detail.remains.map { left in
                        [
                            left.service, left.drive ?? "-",
                            left.isPurged ? "is to be removed" : "`services purge` removes it",
                        ]
                    }
                ).text)
        }
        if !report.problems.isEmpty {
            parts.append(report.problems.map { "! \($0.printable)" }.joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }

    /// `running`, `running, 3 of 4 workers ready`
    private static func run(_ service: ServerService) -> String {
        let workers = WorkerCount(service.workers).map { ", \($0.ready) of \($0.all) workers ready" }
        return service.state.rawValue + (workers ?? "")
    }

    /// The workers of a service.
    static func workers(_ workers: [WorkerReport]) -> Table {
        Table(
            [.init("WORKER", .right), "STATE", "SINCE", .init("PID", .right), .init("RESTARTS", .right), "PROBLEM"],
            workers.map { worker in
                ["\(worker.worker)", worker.state.rawValue, worker.since, worker.pid.map { "\($0)" } ?? ""]
                    + ["\(worker.restarts)", worker.problem?.printable ?? ""]
            })
    }

    static func job(_ job: JobResource) -> String {
        let words = [job.name ?? job.kind.rawValue] + job.arguments
        let properties = Table(
            ["", ""],
            [
                ["job", job.id], [job.build == nil ? "service" : "version", job.subject], ["server", job.server],
                ["what", words.map(\.printable).joined(separator: " ")],
            ] + details(of: job) + [
                ["state", job.state.rawValue + (job.problem.map { ": \($0.printable)" } ?? "")],
                ["by", job.createdBy], ["made", job.createdAt], ["deadline", job.deadline],
            ] + (job.startedAt.map { [["started", $0]] } ?? []) + (job.endedAt.map { [["ended", $0]] } ?? [])
        ).body(indent: "")
        let output = job.output ?? ""
        return output.isEmpty ? properties : properties + "\n\n" + output.printableLines
    }

    private static func details(of job: JobResource) -> [[String]] {
        let details = job.details
        return [
            ("worker", details.worker.map { "\($0)" }), ("level", details.level), ("session", details.session),
            ("reason", details.reason), ("source", details.source),
        ].compactMap { name, value in value.map { [name, $0] } }
    }

    private static func seen(_ node: NodeResource) -> String {
        switch node.state {
        case .unheard: "never"
        case .present: "\(ResourceTables.duration(node.age ?? 0)) ago"
        case .silent: "\(ResourceTables.duration(node.age ?? 0)) ago!"
        case .lost: "lost" + (node.age.map { ", \(ResourceTables.duration($0)) ago" } ?? "")
        }
    }

    private static func load(_ load: Double?) -> String {
        guard let load else { return "" }
        let hundredths = Int((min(load, 1e6) * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    /// `512 MiB`, `1.5 GiB`
    static func bytes(_ count: Int?) -> String {
        guard let count else { return "" }
        var (value, unit) = (Double(count), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        while value >= 1_024, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return unit == 0 || tenths >= 1_000
            ? "\(Int(value.rounded())) \(units[unit])"
            : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
