import AdminAPI
import Foundation
import Names
import Supervision
import Text
import Times

extension ServiceOrders {
    /// The jobs as the master does them. Deadlines are times of ADMIN's clock; the master's may be wrong.
    ///
    /// - Parameter answeredAt: what ADMIN's clock said (`Date`); `nil`: this machine's clock counts.
    func masterJobs(answeredAt: String?) -> [MasterJob] {
        let wall = answeredAt.flatMap { InternetTime.date(ofHeader: $0) } ?? Date()
        return jobs.compactMap { id, job in
            guard let kind = job.masterKind, let deadline = InternetTime.date(job.deadline) else { return nil }
            let left = Int((deadline.timeIntervalSince(wall) * 1_000).rounded())
            return MasterJob(id: id.wrappedValue, kind: kind, patience: left)
        }
    }
}

extension ServiceJob {
    /// `nil`: what belongs to it is missing. ADMIN makes no such job.
    fileprivate var masterKind: MasterJob.Kind? {
        switch kind {
        case .reload: .workers(.reload)
        case .restartWorkers: .workers(.restart)
        case .restartWorker: worker.map { .workers(.restartWorker($0)) }
        case .dump: .workers(.dump(worker))
        case .logLevel: .logLevel(level)
        case .lua:
            source.map { .lua(LuaSource(worker: worker, source: $0, session: session, seconds: seconds ?? 5)) }
        }
    }
}
