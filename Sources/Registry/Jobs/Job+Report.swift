import AdminAPI
import Cloud
import Foundation
import Names

extension Job.End {
    /// The end that a node or a master reports; `nil`: it still runs.
    init?(_ report: JobReport, now: Date) {
        let outcome: JobOutcome
        switch report.state {
        case .running: return nil
        case .succeeded: outcome = .succeeded
        case .failed: outcome = .failed
        case .unknown: outcome = .unknown
        }
        self.init(
            outcome: outcome, startedAt: Timestamp.inUTC(report.startedAt),
            endedAt: report.endedAt.flatMap(Timestamp.inUTC) ?? Timestamp.text(now), problem: report.problem,
            output: report.output)
    }
}

extension JobResource {
    /// A job as ADMIN knows it, and as the report of its node or master tells of it, without output and source.
    init(_ job: Job, _ report: JobReport?) {
        let state: JobState =
            switch job.end?.outcome {
            case .succeeded: .succeeded
            case .failed: .failed
            case .unknown: .unknown
            case nil: report == nil ? .waiting : .running
            }
        let (work, master) = (job.serviceWork, job.masterWork)
        self.init(
            id: job.id, service: work?.service ?? master?.service, server: job.server,
            kind: work.map { .service(.node($0.kind)) } ?? master.map { .service(.master($0.kind)) } ?? .build,
            name: work?.name, arguments: work?.arguments ?? [],
            details: MasterJobDetails(
                worker: master?.worker, level: master?.level, session: master?.lua?.session,
                limit: master?.lua?.limit, reason: master?.lua?.reason),
            version: work?.version,
            build: job.buildWork.map { JobBuild(type: $0.type, version: $0.version, variant: $0.variant) },
            state: state, createdBy: job.createdBy, createdAt: job.createdAt, deadline: job.deadline,
            after: job.after, startedAt: job.end?.startedAt ?? report?.startedAt, endedAt: job.end?.endedAt,
            problem: job.end?.problem)
    }
}
