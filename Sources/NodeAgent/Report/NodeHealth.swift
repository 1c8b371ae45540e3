import AdminAPI
import ServiceSupport
import Text
import Versions

/// What the last report of an agent comes to.
package struct NodeHealth: Sendable {
    /// One word for monitors.
    package enum Verdict: String, Sendable, CaseIterable {
        case healthy, degraded, waiting
        case outOfLine = "out-of-line"
        case stopped

        /// The exit status of `portcullis-node check`.
        package var exitStatus: Int32 {
            switch self {
            case .healthy: 0
            case .degraded: 3
            case .waiting: 4
            case .outOfLine: 5
            case .stopped: 7
            }
        }
    }

    private let report: ServerReport
    /// Whether an agent runs with this directory.
    package let isRunning: Bool
    private let hasAssignments: Bool
    /// What versions are called, by the digest of their manifest: those whose manifests are here.
    private let names: [String: String]

    /// Reads the last report, and the manifests of the versions in it.
    ///
    /// - Throws: that there is none.
    package init(_ configuration: NodeConfiguration) throws {
        let directory = NodeDirectory(configuration.root)
        isRunning = NodeLock.isHeld(directory)
        hasAssignments = try StoredAssignments.load(directory) != nil
        guard let bytes = try Files.read(directory.report) else {
            throw FileError(
                path: directory.report,
                reason: isRunning
                    ? "is not there: portcullis-node runs, and cannot write it (is the disk full?)"
                    : "is not there: no portcullis-node has run with this directory")
        }
        do throws(BodyError) { report = try ServerReport(json: bytes, .tolerant) } catch {
            throw FileError("read", directory.report, reason: "\(error)")
        }
        let shelf = ManifestShelf(
            directory: directory, keys: configuration.trustedKeys, takesUnsigned: configuration.takesUnsigned)
        names = Set(report.services.values.compactMap(\.version)).reduce(into: [:]) { names, text in
            names[text] = ContentDigest(text).flatMap { try? shelf.manifest($0) }?.version.reference
        }
    }

    package var verdict: Verdict {
        if !isRunning { return .stopped }
        if !hasAssignments { return .waiting }
        if report.services.values.contains(where: { $0.isAssigned && ($0.problem != nil || Self.isOnItsWay($0.state)) })
        {
            return .outOfLine
        }
        return report.problems.isEmpty ? .healthy : .degraded
    }

    private static func isOnItsWay(_ state: ServerService.State) -> Bool {
        switch state {
        case .installing, .starting, .stopping, .failing: true
        case .running, .stopped, .absent: false
        }
    }

    /// All that is not as it should be, a sentence each.
    package var problems: [String] {
        report.problems.map(\.printable)
            + report.services.sorted { $0.key < $1.key }.compactMap { name, service in
                service.problem.map { "\(name.wrappedValue): \($0)".printable }
            }
    }

    package var json: [UInt8] { report.jsonBytes + [0x0A] }

    /// The version as people name it, or the beginning of its digest where nothing here says its name.
    private func version(_ service: ServerService) -> String {
        service.version.map { names[$0] ?? String($0.prefix(12)) } ?? "-"
    }

    /// `running`, `running 3/4`
    private func run(_ service: ServerService) -> String {
        service.state.rawValue + (WorkerCount(service.workers).map { " \($0.ready)/\($0.all)" } ?? "")
    }

    /// A line for each service.
    package var table: String {
        let rows = report.services.sorted { $0.key < $1.key }.map { name, service in
            [
                name.wrappedValue, run(service), version(service), "\(service.restarts)", service.since,
                service.isAssigned ? "" : "not assigned",
            ]
        }
        let all = [["SERVICE", "STATE", "VERSION", "RESTARTS", "SINCE", ""]] + rows
        let widths = (0..<6).map { column in all.map { $0[column].utf8.count }.max() ?? 0 }
        return all.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.utf8.count) }
            var line = cells.joined(separator: "  ")
            while line.utf8.last == 0x20 { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
