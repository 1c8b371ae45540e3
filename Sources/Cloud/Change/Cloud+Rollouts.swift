package import Names
package import Rollouts
import Text

/// A variant that instances get in the place of a rollout's version.
package struct RolloutVariant: Sendable, Hashable {
    package var version: VersionReference
    /// Its manifest: SHA-256, 64 hexadecimal digits.
    package var digest: String

    package init(version: VersionReference, manifest digest: String) {
        self.version = version
        self.digest = digest
    }
}

/// A rollout that somebody asks for.
package struct RolloutRequest: Sendable, Hashable {
    package var type: String
    package var version: VersionReference
    /// The version's manifest: SHA-256, 64 hexadecimal digits.
    package var digest: String
    /// By variant: what instances get that have this variant of another version. All others get `version`.
    package var variants: [String: RolloutVariant]
    /// By instance: the manifest of the version that it has, as whoever asks has seen it; others may have any.
    package var seen: [String: String]
    /// The instances; empty: all of the type that have a version and are to run.
    package var services: [String]
    /// Instances that their servers report to run the version. Others that have it are part of the rollout.
    package var running: Set<String>
    /// Only instances at this location; `nil`: at all.
    package var location: String?
    /// `begin` sets the drain time.
    package var policy: RolloutPolicy
    /// Gateways that are not waited for.
    package var withoutGateways: Set<String>
    package var createdBy: String
    /// RFC 3339 in UTC.
    package var createdAt: String

    package init(
        type: String, version: VersionReference, digest: String, variants: [String: RolloutVariant] = [:],
        seen: [String: String] = [:], services: [String] = [],
        running: Set<String> = [], location: String? = nil, policy: RolloutPolicy, withoutGateways: Set<String> = [],
        createdBy: String, createdAt: String
    ) {
        self.running = running
        self.type = type
        self.version = version
        self.digest = digest
        self.variants = variants
        self.seen = seen
        self.services = services
        self.location = location
        self.policy = policy
        self.withoutGateways = withoutGateways
        self.createdBy = createdBy
        self.createdAt = createdAt
    }
}

/// What comes of a rollout that somebody asks for.
package enum RolloutBeginning: Sendable, Hashable {
    /// It has begun.
    case begun(rollout: String)
    /// One that is at work brings the same version to all of the instances already.
    case underWay(rollout: String)
    /// All of so many instances have the version, and run with it.
    case upToDate(Int)

    /// The identifier of the rollout that is to be followed; `nil`: there is nothing to do.
    package var rollout: String? {
        switch self {
        case .begun(let id), .underWay(let id): id
        case .upToDate: nil
        }
    }
}

/// What the jobs need that are made for a version's tests on servers.
package struct RolloutTests: Sendable, Hashable {
    /// RFC 3339 in UTC, as the jobs have it.
    package var deadline: String
    /// Makes the jobs' identifiers unique, also where an older registry was restored.
    package var nonce: UInt32

    package init(deadline: String, nonce: UInt32) {
        self.deadline = deadline
        self.nonce = nonce
    }
}

extension Cloud {
    /// The rollouts that are not over, in their order. Walks over all rollouts.
    package var openRollouts: [ServiceRollout] {
        rollouts.values.filter { !$0.progress.isOver }.sorted { $0.number < $1.number }
    }

    /// The author of the jobs that rollouts make, in the registry and in the event log.
    package static let rolloutAuthor = "rollouts"

    /// The drain time of a section that sets none: the gateway's default, in seconds.
    private static let drainTime = 600

    // MARK: Beginning

    /// Begins a rollout. It does nothing yet: whoever drives it is to `follow`. Asked for what runs, or is being done
    /// already, it begins none. Instances that have the version and do not run it are waited for. Walks over all services.
    ///
    /// Throws `ChangeError`, with places in `RolloutCreation`, if the type or an instance is not there, if an instance
    /// that was named cannot be changed or has another version than was seen, or if a rollout to another version is at
    /// work on an instance or has left it stuck.
    package mutating func begin(_ request: RolloutRequest) throws -> RolloutBeginning {
        try requireType(request.type, at: "#/type")
        if let location = request.location { try requireLocation(location, at: "#/location") }
        let (chosen, leftOut) = try instances(of: request)
        let names = Set(chosen.map(\.name))
        let variants = Dictionary(
            chosen.compactMap { service in request.variant(for: service).map { (service.name, $0) } }
        ) { $1 }
        let having = Set(
            chosen.filter { service in
                service.installation?.digest.isExactly(variants[service.name]?.digest ?? request.digest) == true
            }.map(\.name))
        let lacking = names.subtracting(having.intersection(request.running))
        if let rollout = rollout(bringing: request.digest, variants, to: lacking, of: names) {
            return .underWay(rollout: rollout.id)
        }
        try requireNoRollout(of: names)
        try requireNoneStuck(of: having)
        for service in chosen {
            guard let seen = request.seen[service.name], service.installation?.digest.isExactly(seen) != true
            else { continue }
            throw ChangeError.inUse(
                "\(service.name) was given another version at this moment: look at it, and try again")
        }
        guard !lacking.isEmpty else { return .upToDate(chosen.count) }
        var policy = request.policy
        policy.drainTime =
            (types[request.type]?.configuration.gateway ?? []).map { $0.drainTime ?? Self.drainTime }.max() ?? 0
        var versionsBefore: [String: VersionReference] = [:]
        for installation in chosen.compactMap(\.installation) {
            // A name tells people more than a digest.
            if case .manifest = installation.version, versionsBefore[installation.digest] != nil { continue }
            versionsBefore[installation.digest] = installation.version
        }
        let rollout = ServiceRollout(
            number: (rollouts.values.map(\.number).max() ?? 0) + 1, type: request.type, version: request.version,
            digest: request.digest,
            variants: Dictionary(variants.values.map { ($0.digest, $0.version) }) { $1 },
            versionsBefore: versionsBefore, createdBy: request.createdBy, createdAt: request.createdAt,
            progress: Rollout(
                chosen.map { ($0.name, $0.installation?.digest) }, to: request.digest,
                targets: variants.mapValues(\.digest), by: policy, without: request.withoutGateways),
            leftOut: leftOut)
        rollouts[rollout.id] = rollout
        return .begun(rollout: rollout.id)
    }

    /// The rollout that is at work on some of the instances, and brings a version, or their variants of it, to all that
    /// do not run it.
    private func rollout(
        bringing digest: String, _ variants: [String: RolloutVariant], to lacking: Set<String>, of names: Set<String>
    ) -> ServiceRollout? {
        openRollouts.first { rollout in
            let targets = Dictionary(
                rollout.progress.instances.map { ($0.name, rollout.progress.target(of: $0)) }
            ) { $1 }
            return rollout.digest.isExactly(digest) && rollout.progress.ending == nil
                && lacking.allSatisfy { targets[$0]?.isExactly(variants[$0]?.digest ?? digest) == true }
                && names.contains { targets[$0] != nil }
        }
    }

    /// The instances that a request is about, in their order, and those that it leaves out.
    private func instances(of request: RolloutRequest) throws -> ([ServiceInstance], leftOut: [String]) {
        func isThere(_ service: ServiceInstance) -> Bool {
            request.location.map { servers[service.server]?.location == $0 } ?? true
        }
        guard !request.services.isEmpty else {
            let all = services.values.filter { $0.type == request.type && isThere($0) }.sorted { $0.index < $1.index }
            let chosen = all.filter(\.isToRun)
            guard !chosen.isEmpty else {
                let place = request.location.map { " at \($0)" } ?? ""
                throw Self.invalid(
                    "#/type", "no service of the type \(request.type)\(place) has a version and is to run")
            }
            return (chosen, all.filter { !$0.isToRun }.map(\.name))
        }
        var chosen: [String: ServiceInstance] = [:]
        let faults = request.services.enumerated().compactMap { index, name -> Fault? in
            let problem: String
            if let service = services[name] {
                if service.type != request.type {
                    problem = "\(name) is no service of the type \(request.type)"
                } else if chosen[name] != nil {
                    problem = "\(name) is named twice"
                } else if !isThere(service) {
                    problem = "\(name) is not at \(request.location ?? "")"
                } else if service.installation == nil {
                    problem = "\(name) has no version: ADMIN does not run it"
                } else if !service.isToRun {
                    problem = "\(name) is to be stopped: start it first, or give it the version as it is"
                } else {
                    chosen[name] = service
                    return nil
                }
            } else {
                problem = "there is no service \(name.printed(atMost: 80))"
            }
            return Fault(place: .text("#/services/\(index)"), detail: problem)
        }
        guard faults.isEmpty else { throw ChangeError.invalid(Array(faults.prefix(100))) }
        return (chosen.values.sorted { $0.index < $1.index }, [])
    }

    /// Throws if a rollout that is not over has one of the instances.
    private func requireNoRollout(of names: Set<String>, besides id: String? = nil) throws {
        for rollout in openRollouts where rollout.id != id {
            guard let instance = rollout.progress.instances.first(where: { names.contains($0.name) }) else { continue }
            throw rollout.isInTheWay(of: instance.name)
        }
    }

    /// Throws if a rollout that has ended holds one of the instances back from the export.
    private func requireNoneStuck(of names: Set<String>) throws {
        for rollout in rollouts.values.sorted(by: { $0.number < $1.number }) where rollout.progress.isOver {
            guard let name = rollout.drained.intersection(names).min() else { continue }
            throw rollout.refusal(
                "\(name) is stuck: `portcullis rollouts revert \(rollout.id)` tries again to bring it back, `portcullis "
                    + "rollouts abort \(rollout.id)` gives it requests as it is")
        }
    }

    private static func invalid(_ place: String, _ detail: String) -> ChangeError {
        .invalid([Fault(place: .text(place), detail: detail)])
    }

    // MARK: Orders

    /// Gives an order to a rollout.
    ///
    /// Throws `ChangeError` if there is no such rollout, or if the order means nothing to it as it is.
    ///
    /// - Parameters:
    ///   - gateways: with `resume`: gateways that are not waited for any more.
    ///   - clock: the rollout's clock now.
    ///   - generation: that of the commit to come.
    ///   - time: the time of day, RFC 3339 in UTC.
    package mutating func order(
        _ order: RolloutOrder, rollout id: String, withoutGateways gateways: Set<String> = [], clock: Int,
        generation: Int, at time: String
    ) throws {
        guard let rollout = rollouts[id] else { throw ChangeError.missing("rollout \(id.shownName())") }
        guard gateways.isEmpty || order == .resume else {
            throw Self.invalid("#/withoutGateways", "only resume takes gateways that are not waited for")
        }
        var progress = rollout.progress
        let isPaused = if case .paused = progress.state { true } else { false }
        switch order {
        case .pause:
            guard !progress.isOver, !isPaused else { throw rollout.refusal("it is not running") }
            progress.pause()
        case .resume:
            guard !progress.isOver, isPaused || !gateways.isEmpty else { throw rollout.refusal("it is not paused") }
            progress.resume(without: gateways, now: clock)
        case .abort:
            if progress.isOver {
                guard !progress.drained.isEmpty else { throw rollout.refusal("it has ended") }
                progress.release(progress.drained)
            } else {
                guard progress.ending == nil || progress.ending == .reverted else {
                    throw rollout.refusal("it is ending already")
                }
                progress.abort(now: clock)
            }
        case .revert:
            guard progress.ending != .reverted || progress.isOver else {
                throw rollout.refusal("it is being reverted already")
            }
            try requireRevertible(rollout)
            progress.revert(
                without: Set(progress.instances.map(\.name).filter { services[$0] == nil }), now: clock)
        }
        follow(progress, of: id, clock: clock, generation: generation, at: time)
    }

    /// Throws if a rollout has nothing to take back, or if its instances have changed since it ended. Instances that are
    /// no more are left out.
    private func requireRevertible(_ rollout: ServiceRollout) throws {
        let concerned = rollout.instancesToRevert(in: self)
        guard !rollout.progress.isOver || !concerned.isEmpty else {
            throw rollout.refusal("no instance of it has another version than before")
        }
        try requireNoRollout(of: Set(concerned.map(\.name)), besides: rollout.id)
        for instance in concerned {
            guard let service = services[instance.name], let version = instance.version,
                service.installation?.digest.isExactly(version) == true, service.isToRun
            else {
                throw rollout.refusal(
                    "\(instance.name) was given another version or stopped since: begin a rollout to the version that it "
                        + "is to have")
            }
        }
    }

    /// The rollouts that would be reverted to a version if somebody ordered it now, and that have ended since a time, in
    /// their order. Cost: linear in the instances of all rollouts.
    package func rolloutsThatMayGoBack(to digest: String, endedSince time: String) -> [ServiceRollout] {
        rollouts.values.filter { rollout in
            guard let endedAt = rollout.endedAt, rollout.progress.isOver, endedAt >= time,
                rollout.goesBack(to: digest, in: self)
            else { return false }
            return (try? requireRevertible(rollout)) != nil
        }.sorted { $0.number < $1.number }
    }

    // MARK: Following

    /// Takes what has become of a rollout, and has the cloud follow: versions of instances, jobs for tests, the end, and
    /// what people are told. The one place where a rollout's wishes become more than wishes. Cost: linear in its
    /// instances.
    ///
    /// - Parameters:
    ///   - clock: the rollout's clock now.
    ///   - generation: that of the commit to come.
    ///   - time: the time of day, RFC 3339 in UTC.
    ///   - tests: for the jobs of tests on servers; `nil`: none are made.
    package mutating func follow(
        _ progress: Rollout, of id: String, clock: Int, generation: Int, at time: String, tests: RolloutTests? = nil
    ) {
        guard let before = rollouts[id] else { return }
        var rollout = before
        (rollout.progress, rollout.clock) = (progress, clock)
        for (old, new) in zip(before.progress.instances, progress.instances) where old != new {
            if old.version != new.version, let digest = new.version {
                services[new.name]?.installation?.digest = digest
                services[new.name]?.installation?.version = rollout.reference(to: digest)
            }
            guard old.stage != new.stage else { continue }
            switch new.stage {
            case .draining, .admitting: rollout.generations[new.name] = generation
            case .emptying: break
            default: rollout.generations[new.name] = nil
            }
            // The rollout has seen it run.
            if new.stage == .admitting { services[new.name]?.installation?.isStarting = false }
            // What an earlier rollout could not bring back is in other hands now.
            if new.stage == .draining { release([new.name], besides: id) }
        }
        followJobs(of: &rollout, tests, at: time)
        if progress.isOver, !before.progress.isOver {
            rollout.endedAt = time
            rollout.mark = Self.mark(for: rollout) ?? rollout.mark
        } else if !progress.isOver {
            rollout.endedAt = nil
        }
        rollouts[id] = rollout
        notices += rolloutNotices(from: before, to: rollout)
        forgetRollouts()
    }

    private mutating func followJobs(of rollout: inout ServiceRollout, _ tests: RolloutTests?, at time: String) {
        let wanted = rollout.progress.jobs.filter { $0.origin == .node }
        let needed = Set(wanted.map(\.instance))
            .union(rollout.progress.instances.lazy.filter { $0.problem != nil }.map(\.name))
        rollout.jobs = rollout.jobs.filter { needed.contains($0.key.instance) }
        guard let tests else { return }
        for job in wanted where rollout.jobs[job] == nil {
            let request = JobRequest(
                service: job.instance, kind: .tests, createdBy: Self.rolloutAuthor, createdAt: time,
                deadline: tests.deadline)
            // A server with too many jobs takes this one later; the rollout waits until its deadline.
            rollout.jobs[job] = try? add(request, nonce: tests.nonce)
        }
    }

    /// What a rollout that has ended says of its versions.
    private static func mark(for rollout: ServiceRollout) -> ServiceRollout.Mark? {
        switch rollout.progress.state {
        // That instances run which had the version before says nothing of its tests.
        case .finished where rollout.progress.instances.contains(where: \.isChanged): .good
        case .failed(let reason) where rollout.quarantinedVersion != nil: .quarantined(reason)
        default: nil
        }
    }

    /// Lets ended rollouts go of instances that they hold back.
    private mutating func release(_ names: Set<String>, besides id: String? = nil) {
        for rollout in rollouts.values where rollout.id != id && rollout.progress.isOver {
            guard !rollout.drained.isDisjoint(with: names) else { continue }
            rollouts[rollout.id]?.progress.release(names)
        }
    }

    /// Forgets ended rollouts that are too many, the oldest first.
    private mutating func forgetRollouts() {
        let ended = rollouts.values.filter { $0.progress.isOver && $0.mark == nil && $0.drained.isEmpty }
        guard ended.count > ServiceRollout.kept else { return }
        for rollout in ended.sorted(by: { $0.number < $1.number }).dropLast(ServiceRollout.kept) {
            rollouts[rollout.id] = nil
        }
    }

    // MARK: What others change

    /// Keeps what rollouts are at work on as they have it, and lets ended ones go of instances that are no more.
    ///
    /// Throws `ChangeError.inUse` if a change takes an instance of a rollout that is not over away, moves it, stops it or
    /// gives it a version, unless the rollout itself does. Cost: a look at each instance of those rollouts.
    package mutating func settleRollouts(since before: Cloud) throws {
        for rollout in openRollouts {
            let isOwn = before.rollouts[rollout.id] != rollout
            for instance in rollout.progress.instances {
                guard let old = before.services[instance.name] else { continue }
                guard let new = services[instance.name], let installation = new.installation, new.isToRun,
                    new.server == old.server, servers[new.server]?.location == before.servers[old.server]?.location,
                    isOwn && instance.version.map(installation.digest.isExactly) == true
                        || installation.digest == old.installation?.digest
                            && installation.version == old.installation?.version
                else { throw rollout.isInTheWay(of: instance.name) }
            }
        }
        let gone = rollouts.values.reduce(into: Set<String>()) { $0.formUnion($1.drained) }
            .filter { services[$0] == nil }
        if !gone.isEmpty { release(gone) }
    }

    /// Instances that a rollout that begins leaves out, and those that leave their variant with their version.
    func rolloutWarnings(since before: Cloud) -> [Contradiction] {
        rollouts.values.filter { before.rollouts[$0.id] == nil }.flatMap { rollout in
            rollout.variantWarnings
                + rollout.leftOut.compactMap { name in
                    guard let service = services[name] else { return nil }
                    let reason =
                        service.installation == nil ? "has no version: ADMIN does not run it" : "is to be stopped"
                    return Contradiction(
                        "\(name) \(reason), and is left out of the rollout", of: [.init(.service, name)])
                }
        }
    }
}

extension RolloutRequest {
    /// The variant that an instance keeps; `nil`: it gets the version that was asked for.
    fileprivate func variant(for service: ServiceInstance) -> RolloutVariant? {
        service.installation?.version.variant.flatMap { variants[$0] }
    }
}

extension ServiceInstance {
    /// Whether ADMIN has it run.
    fileprivate var isToRun: Bool { installation?.desired == .running }
}

extension ServiceRollout {
    /// The manifest of the version that is to be quarantined for what it has done; `nil`: none is. The main variant that
    /// other instances run is not quarantined because one could not return to it.
    package var quarantinedVersion: String? {
        progress.failedVersion.flatMap { isReturn(to: $0) ? nil : $0 }
    }

    /// Instances that have another variant, and get the main one of another version.
    fileprivate var variantWarnings: [Contradiction] {
        progress.instances.compactMap { instance in
            guard let old = instance.before.map(reference), old.isOtherVariant else { return nil }
            let new = reference(to: progress.target(of: instance))
            guard new.isMainVariant, new.name != old.name else { return nil }
            return Contradiction(
                "\(instance.name) leaves its variant: it has \(old), and gets \(new)",
                of: [.init(.service, instance.name)])
        }
    }

    /// That it is at work on something that somebody else wants to change.
    func isInTheWay(of what: String) -> ChangeError {
        .inUse("rollout \(id) (\(self)) is at work on \(what): abort it first, or wait until it ends")
    }

    /// That it does not take an order, and why.
    package func refusal(_ reason: String) -> ChangeError { .inUse("rollout \(id) (\(self)): \(reason)") }
}
