package import AdminAPI
package import Cloud
import Foundation
import Names
import Text

/// What the nodes of servers tell, since ADMIN started: in memory only. A node tells all of it again when ADMIN asks.
/// The cost of a poll or a report does not depend on the number of nodes.
public actor NodeRoster {
    private struct Known {
        /// Polls that are being answered.
        var openPolls = 0
        var seen: Date?
        /// The same by `Registry.uptime`.
        var uptime: Duration?
        var report: HeardReport<ServerReportMessage>?
        /// Whether an answer to a poll has asked for the report.
        var isAsked = false
        /// The assignments that it surely has: a request of its own has named their ETag.
        var confirmed: Assignments?
        /// Those of the last answer.
        var answered: Assignments?

        /// The leases that surely bind its services: those in both, the longer one.
        var leases: [String: Int] {
            guard let confirmed, let answered else { return [:] }
            return confirmed.services.reduce(into: [:]) { leases, pair in
                guard let lease = pair.value.lease, let other = answered.services[pair.key]?.lease else { return }
                leases[pair.key.wrappedValue] = max(lease, other)
            }
        }
    }

    private let registry: Registry
    /// The logs that nodes are asked for.
    package nonisolated let logs: LogWishes
    /// The dumps that nodes are asked for.
    package nonisolated let dumps: DumpWishes
    /// What the masters of services tell.
    package nonisolated let links: LinkRoster
    /// By server. At most one each, whose report has `Limits.serverReport` bytes at most.
    private var nodes: [String: Known] = [:]
    private var masterRestarts = MasterRestartNews()

    public init(registry: Registry) {
        self.registry = registry
        logs = LogWishes(registry: registry)
        dumps = DumpWishes(registry: registry)
        links = LinkRoster(registry: registry)
    }

    // MARK: Polls and reports

    /// Notes the beginning of a node's poll.
    /// - Parameter confirmed: the present assignments, if it says that it has them.
    /// - Returns: whether the answer is the first that asks for its report, and is not to be held.
    @discardableResult
    package func begin(_ server: String, confirming confirmed: Assignments? = nil) async -> Bool {
        let isNews = nodes[server]?.seen == nil
        hear(server)
        if let confirmed { nodes[server]?.confirmed = confirmed }
        nodes[server]?.openPolls += 1
        let isFirst = !hasReport(of: server) && nodes[server]?.isAsked == false
        nodes[server]?.isAsked = true
        if isNews { await registry.listChanges.noteChange(of: .nodes) }
        return isFirst
    }

    /// Whether there is a report of a node.
    package func hasReport(of server: String) -> Bool { nodes[server]?.report != nil }

    /// Notes that a poll was answered, or ended without an answer.
    /// - Parameter answered: the assignments that were answered, or confirmed.
    package func end(_ server: String, answering answered: Assignments? = nil) {
        guard nodes[server] != nil else { return }
        hear(server)
        if let answered { nodes[server]?.answered = answered }
        nodes[server]?.openPolls -= 1
    }

    /// What is heard of each node. A poll that is held is a sign of life until it ends. Cost: a look at each node.
    ///
    /// - Parameters:
    ///   - others: servers that have a node, of which nothing was heard yet.
    ///   - start: by `Registry.uptime`, since when silence counts.
    package func silences(of others: Set<String>, since start: Duration) -> [String: NodeSilences.Node] {
        let now = registry.uptime()
        var silences: [String: NodeSilences.Node] = [:]
        for server in others {
            silences[server] = NodeSilences.Node(silence: Int((now - start).components.seconds), isHeard: false)
        }
        for (server, known) in nodes {
            guard let heard = known.uptime else { continue }
            let (silence, inAll): (Duration, Duration) =
                known.openPolls > 0 ? (.zero, .zero) : (now - max(heard, start), now - heard)
            silences[server] = NodeSilences.Node(
                silence: Int(silence.components.seconds), inAll: Int(inAll.components.seconds), leases: known.leases)
        }
        return silences
    }

    /// Notes a request of a node that is no poll.
    package func hear(_ server: String) {
        nodes[server, default: Known()].seen = registry.now()
        nodes[server]?.uptime = registry.uptime()
    }

    /// Takes a report, or what has changed in it, and ends the jobs that it tells the end of.
    ///
    /// Throws `ChangeError.missing` for a server that there is not, `BodyError` where the changes make no report.
    ///
    /// - Parameter actor: who sends it, for the events that it makes.
    package func take(
        _ message: ServerReportMessage, from server: String, by actor: String
    ) async throws -> ReportAnswer {
        let cloud = try await registry.state().cloud
        _ = try cloud.server(server)
        let before = nodes[server]?.report
        guard
            let heard = try HeardReport.after(message, before, now: registry.now(), uptime: registry.uptime())
        else { return ReportAnswer(wantsWhole: true) }
        hear(server)
        nodes[server]?.report = heard
        let notices = masterRestarts.notices(
            before: before?.report, after: heard.report, of: server, at: registry.uptime(), in: cloud)
        if before?.report != heard.report { await registry.listChanges.noteChange(of: .nodes) }
        try await settle(heard.report, of: server, in: cloud, by: actor, telling: notices)
        return ReportAnswer(wantsWhole: false)
    }

    /// Ends the jobs that have ended there, forgets remains that are purged, and writes notices.
    private func settle(
        _ report: ServerReport, of server: String, in cloud: Cloud, by actor: String, telling notices: [Notice]
    ) async throws {
        let ends = report.jobs.reduce(into: [String: Job.End]()) { ends, pair in
            guard let job = cloud.jobs[pair.key.wrappedValue], job.end == nil, job.server == server,
                let end = Job.End(pair.value, now: registry.now())
            else { return }
            ends[job.id] = end
        }
        let gone = report.purged.map { Remains.ID(server: server, service: $0) }
            .filter { cloud.remains[$0]?.isPurged == true }
        guard !ends.isEmpty || !gone.isEmpty || !notices.isEmpty else { return }
        _ = try await registry.write(by: ChangeAuthor(actor), dryRun: false) { cloud, _ in
            for (id, end) in ends { cloud.endJob(id, end) }
            for id in gone where cloud.remains[id]?.isPurged == true { cloud.remains[id] = nil }
            cloud.notices += notices
        }
    }

    /// Forgets what a node has told.
    package func forget(_ server: String) async {
        nodes[server] = nil
        await registry.listChanges.noteChange(of: .nodes)
    }

    // MARK: Reading

    /// Every server with what its node tells. Walks over all servers and their services.
    package func resources(in state: RegistryState) -> [NodeResource] {
        nodes = nodes.filter { state.cloud.servers[$0.key] != nil || $0.value.openPolls > 0 }
        return state.cloud.servers.keys.sorted().compactMap { resource($0, in: state) }
    }

    /// A server's node with its report.
    ///
    /// Throws `ChangeError.missing` when there is no such server.
    package func detail(_ server: String, in state: RegistryState) throws -> NodeDetail {
        _ = try state.cloud.server(server)
        guard let node = resource(server, in: state) else { throw ChangeError.missing("server \(server.shownName())") }
        let heard = nodes[server]?.report
        let left = state.cloud.remains.filter { $0.key.server == server }.sorted { $0.key < $1.key }
        return NodeDetail(
            node: node, differences: differences(server, in: state), report: heard?.report,
            reportedAt: heard.map { Timestamp.text($0.heard) },
            remains: left.map { ServiceRemains(service: $0.service, drive: $1.drive, isPurged: $1.isPurged) })
    }

    private func differences(_ server: String, in state: RegistryState) -> [NodeDifference] {
        guard let assignments = state.assignments.byServer[server]?.document, let report = nodes[server]?.report?.report
        else { return [] }
        return assignments.differences(from: report)
    }

    /// Whether ADMIN hears of a server's node, and how many seconds ago it did.
    package func presence(of server: String) -> (state: NodeResource.State, age: Double?) {
        let known = nodes[server]
        let age = known?.openPolls ?? 0 > 0 ? .zero : known?.uptime.map { registry.uptime() - $0 }
        let seconds = age.map { Double($0.components.seconds) + Double($0.components.attoseconds) * 1e-18 }
        return (seconds.map { $0 > Double(Limits.reportSilence) ? .silent : .present } ?? .unheard, seconds)
    }

    private func resource(_ server: String, in state: RegistryState) -> NodeResource? {
        guard let location = state.cloud.servers[server]?.location, let file = state.assignments.byServer[server]
        else { return nil }
        let known = nodes[server]
        let report = known?.report?.report
        let presence = presence(of: server)
        let root = report?.drives[ExactText("root")]
        return NodeResource(
            server: server, location: location,
            state: state.cloud.lostServers[server] != nil ? .lost : presence.state,
            seen: known?.seen.map(Timestamp.text), age: presence.age, program: report?.program,
            isInSync: report.map { $0.applied == file.etag } ?? false,
            assigned: file.document.services.values.count { $0.desired == .running },
            running: report?.services.values.count { $0.state == .running } ?? 0,
            differences: differences(server, in: state).count, load: report?.load, memory: report?.memory,
            freeMemory: report?.freeMemory, disk: root?.size, freeDisk: root?.free,
            services: report?.services.mapValues(\.state) ?? [:],
            deviations: report.map(file.document.deviations) ?? [:],
            workers: report?.services.compactMapValues { WorkerCount($0.workers) })
    }

    /// What a server's node says of a service.
    package struct Sighting: Sendable {
        /// `nil`: it has not told of it since ADMIN started.
        package var service: ServerService?
        /// The ETag of the assignments that it has carried out as a whole.
        package var applied: String?
        /// When the report came, by `Registry.uptime`.
        package var heard: Duration
        /// Whether the node has been silent for longer than `Limits.reportSilence`, or since ADMIN started.
        package var isSilent: Bool

        /// Whether the server says that the service runs with a version, and that it is to.
        ///
        /// - Parameter digest: the version's manifest.
        package func runs(_ digest: String) -> Bool {
            guard !isSilent, let service, service.isAssigned, service.state == .running else { return false }
            return service.version == digest && service.wanted ?? digest == digest
        }
    }

    /// What is known of a service on its server. Costs a look.
    package func sighting(of service: String, on server: String) -> Sighting {
        let known = nodes[server]
        let silence = known?.openPolls ?? 0 > 0 ? .zero : known?.uptime.map { registry.uptime() - $0 }
        return Sighting(
            service: known?.report?.report.services[ExactText(service)], applied: known?.report?.report.applied,
            heard: known?.report?.uptime ?? .zero,
            isSilent: silence.map { $0 > .seconds(Limits.reportSilence) } ?? true)
    }

    /// The services that have one of the versions that a rollout brings, and that their servers report to run it. Walks
    /// over all services.
    package func services(running target: RolloutTarget, in state: RegistryState) -> Set<String> {
        let digests = [target.digest] + target.variants.values.map(\.digest)
        let services = state.cloud.services.values.filter { service in
            guard service.type == target.type, let digest = service.installation?.digest else { return false }
            return digests.contains { $0.isExactly(digest) }
                && sighting(of: service.name, on: service.server).runs(digest)
        }
        return Set(services.map(\.name))
    }

    /// A builder that is in touch and builds a type; `nil`: there is none. Of several, the one with the fewest builds that
    /// have not ended, and then the first by name. Walks over all servers and jobs.
    package func builder(of type: String, in cloud: Cloud) -> String? {
        let builds = cloud.jobs.values.reduce(into: [String: Int]()) { counts, job in
            if job.end == nil, job.buildWork != nil { counts[job.server, default: 0] += 1 }
        }
        return cloud.servers.values.filter { server in
            server.isBuilder && presence(of: server.name).state == .present
                && nodes[server.name]?.report?.report.builds.contains { $0.isExactly(type) } == true
        }.map(\.name).min { (builds[$0] ?? 0, $0) < (builds[$1] ?? 0, $1) }
    }

    /// The jobs, the newest first, with what their nodes and masters tell of those that have not ended.
    package func jobs(in state: RegistryState) async -> [JobResource] {
        var resources: [JobResource] = []
        for job in state.cloud.jobs.values.sorted(by: { $0.number > $1.number }) {
            resources.append(JobResource(job, await report(of: job)))
        }
        return resources
    }

    /// What the node or master that does a job reports of it; `nil`: nothing yet, or nothing more.
    private func report(of job: Job) async -> JobReport? {
        guard let work = job.masterWork else { return nodes[job.server]?.report?.report.jobs[ExactText(job.id)] }
        return job.end == nil ? await links.report(ofJob: job.id, of: work.service, on: job.server) : nil
    }

    /// A job with its output so far.
    ///
    /// Throws `ChangeError.missing` when there is none, or no more.
    package func job(_ id: String, in state: RegistryState) async throws -> JobResource {
        guard let job = state.cloud.jobs[id] else { throw ChangeError.missing("job \(id.shownName())") }
        let report = await report(of: job)
        var resource = JobResource(job, report)
        resource.details.source = job.masterWork?.lua?.source
        resource.output = job.end?.output ?? report?.output ?? ""
        return resource
    }
}
