package import AdminAPI
import Cloud
import Foundation
package import Logging
import Names
import Rollouts
public import ServiceLifecycle
import ServiceSupport
import Text
import Versions
import Times

/// Works through the rollouts: looks what gateways, servers and tests say, and has each go on as far as that allows. All
/// that matters of a rollout is in the registry, so that the next ADMIN goes on where this one was.
///
/// Each step is one write: the rollout, the versions of instances, the jobs of tests, notices. While nothing gets
/// further, nothing is written. Without a rollout at work it reads one row a second.
public actor RolloutDriver: Service {
    /// The longest time between two looks: deadlines pass without any change.
    private static let interval = Duration.seconds(1)
    /// Changes that follow each other faster are looked at together.
    private static let coalescing = Duration.milliseconds(20)
    /// Steps of one rollout in one look.
    package static let mostSteps = 16

    private let registry: Registry
    private let gateways: GatewayRoster
    private let nodes: NodeRoster
    private let versions: VersionKeeper?
    private let outside: any OutsideTesting
    private let logger: Logger

    /// The tests of versions, by their digests.
    private var tests: [String: [Manifest.Test]] = [:]
    private var probes: [Probe: Probing] = [:]
    /// What each instance of a rollout waits for.
    private var waits: [String: [String: Wait]] = [:]
    /// When instances got the versions that they have, by `Registry.uptime`.
    private var assigned: [String: [String: Duration]] = [:]
    /// Locations without a gateway of which the log has told.
    private var unguarded: Set<String> = []
    /// The last trouble with each rollout, so that the log has it once.
    private var troubles: [String: String] = [:]
    /// The locations whose gateways are waited for.
    private var locations: Set<String> = []

    /// A run of tests from outside.
    private struct Probe: Hashable {
        var rollout: String
        var job: RolloutJob
    }

    private struct Probing {
        var task: Task<Void, Never>
        var result: RolloutObservation.Job
    }

    private struct Wait: Hashable {
        var stage: InstanceStage
        var text: String
    }

    /// - Parameters:
    ///   - versions: where tests are looked up, and versions marked; `nil`: there are no tests, and nothing is marked.
    ///   - outside: who runs tests from outside.
    package init(
        registry: Registry, gateways: GatewayRoster, nodes: NodeRoster, versions: VersionKeeper?,
        outside: any OutsideTesting, logger: Logger
    ) {
        self.registry = registry
        self.gateways = gateways
        self.nodes = nodes
        self.versions = versions
        self.outside = outside
        self.logger = logger
    }

    // MARK: Running

    /// Works until the service group shuts down.
    public func run() async throws {
        await repeatUntilShutdown("rollouts", registry.loops) {
            let seen = await self.tags()
            await self.look()
            await self.wait(for: seen)
            return Self.coalescing
        }
        for probing in probes.values { probing.task.cancel() }
    }

    /// What wakes it besides time, each with the number of its changes.
    private func tags() async -> [Tag] {
        let isAtWork = !waits.isEmpty
        let lists: [ListedThing] = isAtWork ? [.cloud, .nodes, .rollouts] : [.cloud]
        var tags: [Tag] = []
        for list in lists {
            tags.append(
                Tag(waiters: registry.listChanges, key: list.rawValue, seen: await registry.listChanges.count(of: list))
            )
        }
        for location in locations {
            tags.append(
                Tag(
                    waiters: registry.confirmations, key: location,
                    seen: await registry.confirmations.tag(of: location)))
        }
        return tags
    }

    private struct Tag: Sendable {
        var waiters: TagWaiters
        var key: String
        var seen: String
    }

    private func wait(for tags: [Tag]) async {
        await withTaskGroup { group in
            group.addTask { try? await Task.sleep(for: Self.interval) }
            for tag in tags {
                group.addTask {
                    _ = await tag.waiters.change(of: tag.key, tokens: .max) { $0 == tag.seen }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Has each rollout go on as far as it can.
    /// - Parameter most: how many steps of each it commits at most.
    package func look(atMost most: Int = mostSteps) async {
        guard let state = try? await registry.state() else { return }
        let rollouts = state.cloud.rollouts.values.filter { !$0.progress.isOver || $0.mark != nil }
        let open = Set(rollouts.lazy.filter { !$0.progress.isOver }.map(\.id))
        forget(besides: open)
        locations = []
        for rollout in rollouts.sorted(by: { $0.number < $1.number }) {
            do {
                if !rollout.progress.isOver {
                    var steps = 0
                    while steps < most, try await step(rollout.id) { steps += 1 }
                }
                try await markVersion(of: rollout.id)
                troubles[rollout.id] = nil
            } catch is CancellationError {
                return
            } catch {
                guard troubles.updateValue("\(error)", forKey: rollout.id) != "\(error)" else { continue }
                logger.failure("a rollout cannot go on, and is tried again", error, ["rollout": "\(rollout.id)"])
            }
        }
    }

    private func forget(besides open: Set<String>) {
        registry.rolloutClocks.keep(rollouts: open)
        waits = waits.filter { open.contains($0.key) }
        assigned = assigned.filter { open.contains($0.key) }
        for (probe, probing) in probes where !open.contains(probe.rollout) {
            probing.task.cancel()
            probes[probe] = nil
        }
        if open.isEmpty { tests = [:] }
    }

    // MARK: One step

    /// Looks what is known of a rollout, and commits what follows.
    /// - Returns: whether it got further, so that more may follow.
    private func step(_ id: String) async throws -> Bool {
        let state = try await registry.state()
        guard let rollout = state.cloud.rollouts[id], !rollout.progress.isOver else { return false }
        let clock = registry.rolloutClocks.now(of: rollout)
        var witness = RolloutWitness(
            registry: registry, gateways: gateways, nodes: nodes, state: state, rollout: rollout,
            assigned: assigned[id] ?? [:], outside: results(of: id))
        var observation = try await witness.observation(now: clock)
        await note(witness, rollout)
        let tests = try await tests(of: rollout)
        var progress = rollout.progress
        if let reason = try await quarantine(of: rollout) { progress.giveUp(reason, now: clock) }
        progress.observe(observation)
        // Tests that a version does not have have passed.
        while true {
            let missing = progress.jobs.filter { job in
                observation.jobs[job] == nil
                    && tests[job.version]?.contains { $0.origin == job.testOrigin } != true
            }
            guard !missing.isEmpty else { break }
            for job in missing { observation.jobs[job] = .succeeded }
            observation.confirmations = [:]
            progress.observe(observation)
        }
        let isCommitted = try await commit(progress, of: rollout, clock: clock, in: state)
        if !isCommitted { startProbes(of: rollout, tests, in: state) }
        return isCommitted
    }

    /// Why no service gets a version of a rollout any more; `nil`: each may be given.
    private func quarantine(of rollout: ServiceRollout) async throws -> String? {
        for target in rollout.targets {
            guard let digest = ContentDigest(target),
                let version = try await registry.store.version(ofManifest: digest), version.mark == .quarantined
            else { continue }
            return rollout.variants.isEmpty
                ? "the version was quarantined" : "the version \(rollout.reference(to: target)) was quarantined"
        }
        return nil
    }

    /// Commits a step.
    /// - Returns: whether there was one.
    private func commit(
        _ progress: Rollout, of rollout: ServiceRollout, clock: Int, in state: RegistryState
    ) async throws -> Bool {
        guard progress != rollout.progress || lacksJobs(rollout, in: state.cloud) else { return false }
        let (now, uptime) = (registry.now(), registry.uptime())
        let hasTests = try await tests(of: rollout).values.joined().contains { $0.origin == .node }
        let deadline = Timestamp.text(now.addingTimeInterval(Double(progress.policy.deadline)))
        let outcome = try await registry.write(by: ChangeAuthor(TokenGrant.rollouts), dryRun: false) { cloud, state in
            // Somebody may have given an order meanwhile: the next look knows.
            guard cloud.rollouts[rollout.id] == rollout else { return }
            cloud.follow(
                progress, of: rollout.id, clock: clock, generation: state.generation + 1, at: Timestamp.text(now),
                tests: hasTests ? RolloutTests(deadline: deadline, nonce: .random(in: .min ... .max)) : nil)
        }
        guard !outcome.summary.difference.isEmpty else { return false }
        for (old, new) in zip(rollout.progress.instances, progress.instances) where old.version != new.version {
            assigned[rollout.id, default: [:]][new.name] = uptime
        }
        logger.info("rollout \(rollout.id): \(outcome.state.cloud.rollouts[rollout.id]?.description ?? "forgotten")")
        return true
    }

    /// Whether tests wait for a job that their servers now have room for.
    private func lacksJobs(_ rollout: ServiceRollout, in cloud: Cloud) -> Bool {
        let lacking = rollout.progress.jobs.filter { $0.origin == .node && rollout.jobs[$0] == nil }
        guard !lacking.isEmpty else { return false }
        let open = cloud.jobs.values.reduce(into: [String: Int]()) { counts, job in
            if job.end == nil { counts[job.server, default: 0] += 1 }
        }
        return lacking.contains { job in
            cloud.services[job.instance].map { open[$0.server] ?? 0 < Job.mostOpen } ?? false
        }
    }

    /// Keeps what a witness has to say to people, and tells those who follow lists if it differs.
    private func note(_ witness: RolloutWitness, _ rollout: ServiceRollout) async {
        let stages = Dictionary(rollout.progress.instances.map { ($0.name, $0.stage) }) { $1 }
        let known = witness.waits.reduce(into: [String: Wait]()) { known, entry in
            known[entry.key] = stages[entry.key].map { Wait(stage: $0, text: entry.value) }
        }
        let isNews = waits.updateValue(known, forKey: rollout.id) != known
        for instance in rollout.progress.instances where ![.waiting, .done, .stuck].contains(instance.stage) {
            if let location = witness.state.cloud.location(of: instance.name) { locations.insert(location) }
        }
        for location in witness.unguarded.subtracting(unguarded).sorted() {
            logger.notice(
                "no gateway has polled at a location, so a rollout there waits for none",
                metadata: ["location": "\(location)", "rollout": "\(rollout.id)"])
        }
        unguarded.formUnion(witness.unguarded)
        if isNews { await registry.listChanges.noteChange(of: .rollouts) }
    }

    // MARK: Tests

    /// The tests of a rollout's versions, by their digests.
    private func tests(of rollout: ServiceRollout) async throws -> [String: [Manifest.Test]] {
        for target in rollout.targets where tests[target] == nil {
            guard let versions, let digest = ContentDigest(target) else { continue }
            let bytes = try await versions.manifestBytes(digest)
            tests[target] = try await BlockingWork.run { try Manifest(reading: bytes).tests }
        }
        return tests.filter { rollout.targets.contains($0.key) }
    }

    private func results(of id: String) -> [RolloutJob: RolloutObservation.Job] {
        probes.reduce(into: [:]) { results, entry in
            if entry.key.rollout == id { results[entry.key.job] = entry.value.result }
        }
    }

    /// Starts the tests from outside that are wanted, and ends those that are not any more.
    private func startProbes(
        of rollout: ServiceRollout, _ tests: [String: [Manifest.Test]], in state: RegistryState
    ) {
        let wanted = Set(
            rollout.progress.jobs.filter { $0.origin == .outside }.map { Probe(rollout: rollout.id, job: $0) })
        for (probe, probing) in probes where probe.rollout == rollout.id && !wanted.contains(probe) {
            probing.task.cancel()
            probes[probe] = nil
        }
        for probe in wanted where probes[probe] == nil {
            guard let location = state.cloud.location(of: probe.job.instance) else { continue }
            let test = OutsideTest(
                service: probe.job.instance, type: rollout.type, version: probe.job.version, location: location,
                tests: (tests[probe.job.version] ?? []).filter { $0.origin == .outside })
            let task = Task { [outside] in
                let reason = await outside.run(test)
                if !Task.isCancelled { await self.end(probe, reason) }
            }
            probes[probe] = Probing(task: task, result: .running)
        }
    }

    private func end(_ probe: Probe, _ reason: String?) async {
        probes[probe]?.result = reason.map { .failed("its tests from outside have failed: \($0)") } ?? .succeeded
        await registry.listChanges.noteChange(of: .rollouts)
    }

    // MARK: Marks

    /// Marks the versions as the end of a rollout says. After a crash it is done again, which changes nothing.
    private func markVersion(of id: String) async throws {
        guard let versions, let rollout = try await registry.state().cloud.rollouts[id], let mark = rollout.mark
        else { return }
        let marked =
            switch mark {
            case .good: rollout.progress.broughtVersions.sorted()
            case .quarantined: rollout.quarantinedVersion.map { [$0] } ?? []
            }
        for digest in marked.compactMap({ ContentDigest($0) }) {
            guard let version = try await registry.store.version(ofManifest: digest) else { continue }
            switch (mark, version.mark) {
            case (.good, .untested): try await self.mark(version, VersionMarkChange(mark: .good), versions)
            case (.quarantined(let reason), .untested), (.quarantined(let reason), .good):
                let text = "rollout \(id): \(reason)"
                try await self.mark(version, VersionMarkChange(mark: .quarantined, reason: text), versions)
            case (.good, _), (.quarantined, .quarantined): break
            }
        }
        _ = try await registry.write(by: ChangeAuthor(TokenGrant.rollouts), dryRun: false) { cloud, _ in
            if cloud.rollouts[id]?.mark == mark { cloud.rollouts[id]?.mark = nil }
        }
    }

    private func mark(_ version: StoredVersion, _ change: VersionMarkChange, _ versions: VersionKeeper) async throws {
        _ = try await versions.mark(version.version, change, by: TokenGrant.rollouts, dryRun: false) { _ in }
    }

    // MARK: Reading

    /// The clock of a rollout at work stands still while no ADMIN runs, and that of one that has ended for good: what is
    /// stuck is so by the wall clock.
    private func clock(of rollout: ServiceRollout) -> Int {
        guard rollout.progress.isOver else { return registry.rolloutClocks.now(of: rollout) }
        guard let end = rollout.endedAt.flatMap({ InternetTime.date($0) }) else { return rollout.clock }
        return rollout.clock + max(0, Int(registry.now().timeIntervalSince(end)))
    }

    /// A rollout, with what its instances wait for.
    ///
    /// Throws `ChangeError.missing` if there is none.
    package func resource(
        _ id: String, in state: RegistryState, withInstances: Bool
    ) throws -> RolloutResource {
        guard let rollout = state.cloud.rollouts[id] else { throw ChangeError.missing("rollout \(id.shownName())") }
        var resource = RolloutResource(rollout)
        guard withInstances else { return resource }
        let now = clock(of: rollout)
        resource.instances = rollout.progress.instances.map { instance in
            let wait = waits[id]?[instance.name]
            return RolloutResource.Instance(
                service: instance.name, server: state.cloud.services[instance.name]?.server,
                stage: instance.stage.rawValue, isGoingBack: instance.isGoingBack,
                target: rollout.variants[rollout.progress.target(of: instance)].map { "\($0)" },
                before: instance.before.map { "\(rollout.reference(to: $0))" }, seconds: max(0, now - instance.since),
                waitsFor: wait?.stage == instance.stage ? wait?.text : nil, problem: instance.problem)
        }
        return resource
    }
}

extension RolloutJob {
    fileprivate var testOrigin: ServiceTest.Origin {
        switch origin {
        case .node: .node
        case .outside: .outside
        }
    }
}

extension Cloud {
    /// Where a service is; `nil`: there is no such service, or it is nowhere.
    fileprivate func location(of service: String) -> String? {
        services[service].flatMap { servers[$0.server]?.location }
    }
}

extension RolloutResource {
    /// Without instances.
    fileprivate init(_ rollout: ServiceRollout) {
        let progress = rollout.progress
        let (state, reason) = RolloutState.of(progress.state)
        self.init(
            id: rollout.id, type: rollout.type, version: rollout.version, digest: rollout.digest, state: state,
            reason: reason, ending: progress.isOver ? nil : progress.ending.map { RolloutState.of($0).state },
            createdBy: rollout.createdBy, createdAt: rollout.createdAt, endedAt: rollout.endedAt,
            total: progress.instances.count, done: progress.instances.count(where: \.isDone),
            back: progress.instances.count(where: \.isBack),
            stuck: progress.instances.count { $0.stage == .stuck })
    }
}

extension RolloutState {
    /// The state, and why it is so.
    fileprivate static func of(_ state: Rollout.State) -> (state: RolloutState, reason: String?) {
        switch state {
        case .running: (.running, nil)
        case .paused(let reason): (.paused, reason)
        case .finished: (.finished, nil)
        case .failed(let reason): (.failed, reason)
        case .aborted: (.aborted, nil)
        case .reverted: (.reverted, nil)
        }
    }
}
