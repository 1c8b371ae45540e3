import AdminAPI
import ServiceSupport
import Supervision
import Text

extension ServiceReport {
    init(_ snapshot: LinkSnapshot, _ settings: LinkSettings) {
        self.init(
            program: ProgramVersion.text, version: settings.manifest, server: settings.server, pid: snapshot.process,
            startedAt: WallTime.text(snapshot.startedAt), phase: Phase(rawValue: snapshot.phase.rawValue) ?? .running,
            workers: snapshot.workers.map { WorkerReport($0) },
            configuration: snapshot.configuration.map {
                ConfigurationReport(tag: $0.tag, at: WallTime.text($0.at), problem: $0.problem.map(Self.line))
            },
            allowsLua: settings.allowsLua,
            jobs: snapshot.jobs.entries.mapValues { JobReport($0) })
    }

    /// A sentence, without control characters, and not longer than a report takes.
    fileprivate static func line(_ text: String) -> String { line(text, atMost: Limits.reportedText) }

    fileprivate static func line(_ text: String, atMost length: Int) -> String {
        String(String.UnicodeScalarView(text.printable.unicodeScalars.prefix(length)))
    }
}

extension WorkerReport {
    fileprivate init(_ worker: WorkerSummary) {
        self.init(
            worker: worker.number, pid: worker.process, state: State(rawValue: worker.state.rawValue) ?? .waiting,
            since: WallTime.text(worker.since), restarts: min(worker.restarts, Limits.reportedCount),
            status: worker.status.isEmpty ? nil : ServiceReport.line(worker.status, atMost: Limits.workerStatus),
            problem: worker.problem.map(ServiceReport.line))
    }
}

extension JobReport {
    fileprivate init(_ entry: MasterJobBook.Entry) {
        self.init(
            state: State(rawValue: entry.state.rawValue) ?? .unknown, startedAt: WallTime.text(entry.startedAt),
            endedAt: entry.endedAt.map { WallTime.text($0) }, problem: entry.problem.map(ServiceReport.line),
            output: entry.output)
    }
}
