package import Cloud
import Foundation
import Names

/// The states of servers and services that end at a time, and the jobs that have not ended, in a cloud.
package struct StateEnds: Sendable, Hashable {
    /// A server, a service or a job.
    package struct Subject: Sendable, Hashable, CustomStringConvertible {
        package var kind: CloudDifference.Kind
        package var name: String

        package var description: String { "\(kind) \(name)" }
    }

    /// When each state ends, RFC 3339 in UTC.
    package private(set) var ends: [Subject: String] = [:]

    /// Walks over all servers and services.
    init(of cloud: Cloud) {
        for server in cloud.servers.values { set(.server, server.name, server.until) }
        for service in cloud.services.values { set(.service, service.name, service.until) }
        for job in cloud.jobs.values { set(job) }
    }

    /// Follows a change. Cost: grows with what differs.
    mutating func update(_ difference: CloudDifference, to cloud: Cloud) {
        for change in difference.changes {
            switch change.kind {
            case .server: set(.server, change.name, cloud.servers[change.name]?.until)
            case .service: set(.service, change.name, cloud.services[change.name]?.until)
            case .job: if let job = cloud.jobs[change.name] { set(job) }
            default: break
            }
        }
    }

    /// A job of which nothing is heard after its deadline is given up. A server has a while to tell of its end.
    private mutating func set(_ job: Job) {
        let end = Timestamp.date(job.deadline)?.addingTimeInterval(Self.patience)
        set(.job, job.id, job.end == nil ? end.map(Timestamp.text) : nil)
    }

    /// Seconds that a server has after a job's deadline.
    private static let patience = 60.0

    private mutating func set(_ kind: CloudDifference.Kind, _ name: String, _ until: String?) {
        ends[Subject(kind: kind, name: name)] = until
    }
}

extension Cloud {
    /// Makes ready what a state ends for, if it still ends at that time.
    mutating func end(_ ends: [StateEnds.Subject: String]) {
        for (subject, until) in ends {
            switch subject.kind {
            case .server where servers[subject.name]?.until == until:
                servers[subject.name]?.state = .ready
                servers[subject.name]?.until = nil
            case .service where services[subject.name]?.until == until:
                services[subject.name]?.state = .ready
                services[subject.name]?.until = nil
            case .job:
                // One that waits for another was never begun.
                let isReleased = jobs[subject.name].map { self.isReleased($0) } ?? true
                let doer = jobs[subject.name]?.masterWork == nil ? "server" : "master"
                endJob(
                    subject.name,
                    isReleased
                        ? Job.End(
                            outcome: .unknown, endedAt: until, problem: "its \(doer) has not told of it by the deadline"
                        )
                        : Job.End(
                            outcome: .failed, endedAt: until,
                            problem: "it was not begun: the job before it had not ended by the deadline"))
            default: break
            }
        }
    }
}
