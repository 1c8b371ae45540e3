import Times
import AdminAPI
import CommandLineSupport
import Foundation
import JSON
import Names
import Text

/// What is wrong with services, from ADMIN's lists.
struct ServiceFindings {
    /// How bad it is: the exit status for monitors.
    enum Severity: Int32, Comparable, CaseIterable {
        /// It runs as it should, and a job of it has failed lately.
        case degraded = 3
        /// Nothing was heard of its node since ADMIN started.
        case unheard = 4
        /// It is not as it is assigned, or a gateway says that it is down.
        case outOfLine = 5
        /// Its node is silent.
        case silent = 7

        var word: String {
            switch self {
            case .degraded: "degraded"
            case .unheard: "waiting"
            case .outOfLine: "out-of-line"
            case .silent: "silent"
            }
        }

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// A service that is not as it should be.
    struct Row: Hashable {
        let service: String
        let server: String
        let severity: Severity
        /// What is wrong, a sentence each; never empty.
        let problems: [String]
    }

    /// Seconds for which a job that has failed is shown, unless a later one of its kind and name succeeds.
    static let jobs = 86_400.0

    /// Those that are not as they should be, in the order of the services.
    let rows: [Row]

    /// - Parameters:
    ///   - locations: by server.
    ///   - nodes: by server.
    ///   - differences: by server, of those that have any.
    ///   - health: `nil`: ADMIN does not tell it.
    init(
        _ services: [ServiceResource], locations: [String: String], nodes: [String: NodeResource],
        differences: [ExactText: [NodeDifference]], health: HealthOverview?, jobs: [JobResource], now: Date
    ) {
        // What is left of a service at another server is not a fault of this one.
        let differences = differences.mapValues { differences in
            Dictionary(differences.map { (ExactText($0.service), $0.text) }, uniquingKeysWith: { first, _ in first })
        }
        let failed = Self.failed(jobs, now: now)
        let health = health.map { ServiceHealth($0) }
        rows = services.compactMap { service in
            var found: [(severity: Severity, text: String)] = []
            if service.version != nil {
                if let silence = Self.silence(nodes[service.server], service) { found.append(silence) }
                if let text = differences[ExactText(service.server)]?[ExactText(service.name)] {
                    found.append((.outOfLine, text))
                }
            }
            if let location = locations[service.server],
                let (verdict, gateways) = health?.verdict(of: service, at: location), verdict == .down
            {
                let reasons = health?.rows(of: service, at: location).compactMap { $0.down?.reason } ?? []
                let reason = reasons.first.map { ": \($0)" } ?? ""
                found.append((.outOfLine, "is down at \(gateways.joined(atMost: 4))\(reason)"))
            }
            for job in failed[ExactText(service.name)] ?? [] {
                found.append((.degraded, Self.text(job)))
            }
            guard let severity = found.map(\.severity).max() else { return nil }
            return Row(
                service: service.name, server: service.server, severity: severity,
                problems: found.sorted { $0.severity > $1.severity }.map(\.text))
        }
    }

    /// The exit status: that of the worst finding; 0: all is well.
    var exitStatus: Int32 { rows.map(\.severity).max()?.rawValue ?? 0 }

    private static func silence(_ node: NodeResource?, _ service: ServiceResource) -> (Severity, String)? {
        switch node?.state {
        case .present: return nil
        case .lost: return (.silent, "the server \(service.server) is lost")
        case .silent:
            return (
                .silent,
                "the node of \(service.server) was last heard of \(ResourceTables.duration(node?.age ?? 0)) ago"
            )
        case .unheard, nil: return (.unheard, "nothing was heard of the node of \(service.server) yet")
        }
    }

    /// By service, the newest job of each kind and name, if it has failed lately.
    private static func failed(_ jobs: [JobResource], now: Date) -> [ExactText: [JobResource]] {
        struct Key: Hashable {
            var service: ExactText
            var kind: JobResource.Kind
            var name: ExactText
        }
        var newest: [Key: (end: Date, job: JobResource)] = [:]
        // A piece of Lua that fails says nothing of the service.
        for job in jobs where job.state.isEnd && job.kind != .service(.master(.lua)) {
            guard let service = job.service, let end = (job.endedAt ?? job.createdAt).asTime else { continue }
            let key = Key(service: ExactText(service), kind: job.kind, name: ExactText(job.name ?? ""))
            if let known = newest[key], known.end >= end { continue }
            newest[key] = (end, job)
        }
        let failed = newest.values.filter { $0.job.state != .succeeded && now.timeIntervalSince($0.end) < Self.jobs }
        return Dictionary(grouping: failed.sorted { $0.end < $1.end }.map(\.job)) { ExactText($0.subject) }
    }

    private static func text(_ job: JobResource) -> String {
        "job \(job.id) (\(job.name ?? job.kind.rawValue)) "
            + (job.state == .failed ? "has failed" : "has ended in a way that nobody knows")
            + (job.problem.map { ": \($0)" } ?? "")
    }

    var table: Table {
        Table(
            ["SERVICE", "SERVER", "IS", "PROBLEM"],
            rows.map { row in
                [row.service, row.server, row.severity.word, row.problems.joined(separator: "; ").printable]
            })
    }

    var json: JSONValue {
        .array(
            rows.map { row in
                [
                    "name": .string(row.service), "server": .string(row.server),
                    "verdict": .string(row.severity.word), "problems": .array(row.problems.map { .string($0) }),
                ]
            })
    }
}

extension String {
    fileprivate var asTime: Date? { InternetTime.date(self) }
}
