package import AdminAPI
import Cloud
import Foundation
import Names
import Text

/// What the masters of services tell, since ADMIN started: in memory only. A master tells all of it again when ADMIN asks.
/// The cost of a poll or a report does not depend on the number of masters.
package actor LinkRoster {
    private let registry: Registry
    /// At most one for each service on each server where it is, whose report has `Limits.serviceReport` bytes at most.
    private var links: [ServiceLink.ID: ServiceLink] = [:]

    package init(registry: Registry) { self.registry = registry }

    // MARK: Requests

    /// Notes a request of a master.
    package func hear(_ service: String, on server: String) async {
        let id = ServiceLink.ID(service: service, server: server)
        let isNews = links[id]?.told != .connected
        var link = links[id] ?? ServiceLink(heard: .zero, heardAt: registry.now())
        (link.heard, link.heardAt, link.told) = (registry.uptime(), registry.now(), .connected)
        links[id] = link
        if isNews { await registry.listChanges.noteChange(of: .links) }
    }

    /// Takes a report, or what has changed in it, and ends the jobs that it tells the end of.
    ///
    /// Throws `BodyError` where the changes make no report.
    ///
    /// - Parameter actor: who sends it, for the events that it makes.
    package func take(
        _ message: ServiceReportMessage, from service: String, on server: String, by actor: String
    ) async throws -> ReportAnswer {
        await hear(service, on: server)
        let id = ServiceLink.ID(service: service, server: server)
        let before = links[id]?.report
        guard let heard = try HeardReport.after(message, before, now: registry.now(), uptime: registry.uptime()) else {
            return ReportAnswer(wantsWhole: true)
        }
        links[id]?.report = heard
        if before?.report != heard.report { await registry.listChanges.noteChange(of: .links) }
        if before?.report.jobs != heard.report.jobs {
            await registry.listChanges.noteChange(of: .nodes)
            try await endJobs(heard.report, of: service, on: server, by: actor)
        }
        return ReportAnswer(wantsWhole: false)
    }

    /// Ends the jobs that have ended there.
    private func endJobs(_ report: ServiceReport, of service: String, on server: String, by actor: String) async throws
    {
        let cloud = try await registry.state().cloud
        let ends = report.jobs.reduce(into: [String: Job.End]()) { ends, pair in
            guard let job = cloud.jobs[pair.key.wrappedValue], job.end == nil, job.server == server,
                job.masterWork?.service == service, let end = Job.End(pair.value, now: registry.now())
            else { return }
            ends[job.id] = end
        }
        guard !ends.isEmpty else { return }
        _ = try await registry.write(by: ChangeAuthor(actor), dryRun: false) { cloud, _ in
            for (id, end) in ends.sorted(by: { $0.key < $1.key }) { cloud.endJob(id, end) }
        }
    }

    /// What a service's master says of a job; `nil`: nothing yet. Costs a look.
    package func report(ofJob id: String, of service: String, on server: String) -> JobReport? {
        links[ServiceLink.ID(service: service, server: server)]?.report?.report.jobs[ExactText(id)]
    }

    // MARK: Time

    /// Brings the states of the links up to date, and forgets those that are over: of services that are not there any more,
    /// or that are silent after an end that was announced or wanted. Cost: a look at each link.
    ///
    /// - Returns: the state of each link.
    func settle(in cloud: Cloud) async -> [ServiceLink.ID: LinkResource.State] {
        let now = registry.uptime()
        var hasChanged = false
        for (id, link) in links {
            let state = link.state(at: now)
            let isOver =
                !cloud.isPresent(id.service, on: id.server)
                || state == .lost && (link.isEnding || cloud.services[id.service]?.installation?.desired == .stopped)
            guard isOver || state != link.told else { continue }
            hasChanged = true
            if isOver { links[id] = nil } else { links[id]?.told = state }
        }
        if hasChanged { await registry.listChanges.noteChange(of: .links) }
        return links.mapValues(\.told)
    }

    /// Has all silences begin anew: ADMIN stood still, and could hear nobody.
    func restart() {
        let now = registry.uptime()
        for id in links.keys { links[id]?.heard = now }
    }

    // MARK: Reading

    /// The links, by service and server. Walks over all.
    package func resources(in state: RegistryState) -> [LinkResource] {
        links.keys.compactMap { resource($0, in: state) }
    }

    /// The link of a service on its own server, or on the one that it moves to or from; `nil`: nothing was heard of it.
    ///
    /// Throws `ChangeError.missing` when there is no such service.
    package func resource(of service: String, in state: RegistryState) throws -> LinkResource? {
        let instance = try state.cloud.service(service)
        let places = [instance.server] + (state.cloud.moves[service].map { [$0.from, $0.to] } ?? [])
        return places.lazy.compactMap { self.resource(.init(service: service, server: $0), in: state) }.first
    }

    private func resource(_ id: ServiceLink.ID, in state: RegistryState) -> LinkResource? {
        guard let link = links[id], state.cloud.isPresent(id.service, on: id.server) else { return nil }
        let report = link.report?.report
        let wanted = state.configurations.digests[id.service].map { ConfigurationTag.ofMaster($0) }
        return LinkResource(
            service: id.service, server: id.server, state: link.told,
            silentSince: link.told == .connected ? nil : Timestamp.text(link.heardAt), program: report?.program,
            version: report?.version, pid: report?.pid, startedAt: report?.startedAt, phase: report?.phase,
            workers: report?.workers ?? [], configuration: report?.configuration,
            hasPresentConfiguration: report?.configuration.map { $0.problem == nil && $0.tag == wanted } ?? false,
            allowsLua: report?.allowsLua ?? false)
    }
}
