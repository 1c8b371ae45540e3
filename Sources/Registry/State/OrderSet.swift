package import AdminAPI
import Cloud
import Text

/// What is known about the orders of services' masters, belonging to one cloud: since when they are as they are, and the
/// jobs that have not ended. Orders themselves are made when a master asks. A change looks only at what it can affect.
package struct OrderSet: Sendable {
    /// By service, the generation whose change its orders follow, as a tag for `TagWaiters`.
    package private(set) var stamps: [String: String]
    /// By service, the identifiers of the jobs of its master that have not ended.
    private var jobs: [String: Set<String>] = [:]

    /// Walks over the whole cloud. Whoever waits for orders looks at them anew.
    init(of cloud: Cloud, generation: Int) {
        let stamp = "\(generation)"
        stamps = cloud.services.mapValues { _ in stamp }
        for job in cloud.jobs.values where job.end == nil {
            if let work = job.masterWork { jobs[work.service, default: []].insert(job.id) }
        }
    }

    /// The orders after a change. Cost: grows with what the change can affect.
    ///
    /// - Parameters:
    ///   - reconfigured: services whose configurations the change has changed.
    ///   - generation: that of the change.
    func updated(
        _ difference: CloudDifference, reconfigured: Set<String>, from before: Cloud, to after: Cloud, generation: Int
    ) -> OrderSet {
        var set = self
        var services = reconfigured
        for change in difference.changes {
            switch change.kind {
            case .service where Self.place(change.name, before) != Self.place(change.name, after):
                services.insert(change.name)
            case .move: services.insert(change.name)
            case .job:
                guard let job = after.jobs[change.name] ?? before.jobs[change.name], let work = job.masterWork else {
                    continue
                }
                services.insert(work.service)
                if after.jobs[change.name]?.end == nil {
                    set.jobs[work.service, default: []].insert(job.id)
                } else {
                    set.jobs[work.service]?.remove(job.id)
                }
            default: break
            }
        }
        for name in services {
            set.stamps[name] = after.services[name].map { _ in "\(generation)" }
            if set.jobs[name]?.isEmpty == true { set.jobs[name] = nil }
        }
        return set
    }

    /// What of a service itself its orders tell.
    private static func place(_ name: String, _ cloud: Cloud) -> [String?]? {
        cloud.services[name].map { [$0.server, $0.installation?.digest] }
    }

    /// The jobs of a service's master that have not ended.
    func openJobs(of service: String, in cloud: Cloud) -> [Job] {
        (jobs[service] ?? []).compactMap { cloud.jobs[$0] }.filter { $0.end == nil }
    }
}

extension RegistryState {
    /// The orders of a service's master on a server. Cost: that of the service's jobs.
    ///
    /// Throws `ChangeError.missing` when there is no such service.
    ///
    /// - Parameter server: the one that asks; `nil`: the service's own.
    package func orders(of name: String, on server: String?) throws -> ServiceOrders {
        let service = try cloud.service(name)
        let server = server ?? service.server
        var orders = ServiceOrders(
            service: name, server: server, version: service.installation?.digest,
            configuration: configurations.digests[name].map { ConfigurationTag.ofMaster($0) },
            logLevel: cloud.logLevels[name])
        for job in self.orders.openJobs(of: name, in: cloud) where job.server == server {
            orders.jobs[ExactText(job.id)] = ServiceJob(job)
        }
        return orders
    }
}

extension ServiceJob {
    /// `nil`: it is no job for a master.
    fileprivate init?(_ job: Job) {
        guard let work = job.masterWork else { return nil }
        self.init(
            kind: work.kind, worker: work.worker, level: work.level, source: work.lua?.source,
            session: work.lua?.session, seconds: work.lua?.limit, deadline: job.deadline)
    }
}
