/// The change of a type's instances to another version, batch by batch, so that no request is lost. A value: what it
/// wants is read from it, what has happened is told to it (`observe`), and operators give orders.
///
/// Of each instance: the export drains it, the gateways confirm, its connections end; its server places and starts the
/// version, the tests pass, it stays healthy for some time; the export has it ready, the gateways confirm, the tests from
/// outside pass. An instance that fails goes back to the version before in the same way, without tests, with those of its
/// batch, and the rollout ends; the instances of earlier batches stay. Each is watched until the rollout ends, and goes
/// back as soon as it fails.
///
/// Nothing is stopped under clients: an instance is changed only after each gateway has confirmed that it sends nothing
/// new there. If one is silent until the deadline, the rollout pauses, and what it has drained is ready again.
public struct Rollout: Sendable, Hashable, Codable {
    /// What a rollout is doing as a whole.
    public enum State: Sendable, Hashable, Codable {
        case running
        /// It goes on when somebody says so. Instances that are being changed are finished first.
        case paused(String)
        /// All instances have the version.
        case finished
        /// Something has failed; all that was begun is at rest.
        case failed(String)
        /// Somebody has ended it; all that was begun is at rest.
        case aborted
        /// All instances are back.
        case reverted
    }

    /// The new version: of all instances that get no other one (`target`).
    public let version: String
    public let policy: RolloutPolicy
    /// The instances in their order.
    public private(set) var instances: [RolloutInstance]
    public private(set) var state = State.running
    /// Why the rollout is to end when all that was begun is at rest; `nil`: it is not.
    public private(set) var ending: State?
    /// Gateways that are not waited for.
    public private(set) var withoutGateways: Set<String> = []
    /// Whether the canaries may be followed by the others.
    private var isPromoted = false
    /// Whether it fails for something that says nothing of the version; `nil`: no.
    private var hasProvenNothing: Bool?
    /// The version of the instance that has failed first; `nil`: none has.
    private var brokenVersion: String?
    private let batches: [[String]]

    /// - Parameters:
    ///   - instances: those to change, in order, with the versions that they have.
    ///   - version: the version that all are to have.
    ///   - targets: versions that instances get in the place of that one, as another variant.
    ///   - gateways: gateways that are not waited for.
    public init(
        _ instances: [(name: String, version: String?)], to version: String, targets: [String: String] = [:],
        by policy: RolloutPolicy, without gateways: Set<String> = []
    ) {
        self.version = version
        self.policy = policy
        self.instances = instances.map {
            RolloutInstance(name: $0.name, before: $0.version, target: targets[$0.name])
        }
        batches = policy.batches(of: instances.map(\.name))
        withoutGateways = gateways
    }

    // MARK: What it wants

    /// Whether it has ended, so that it wants nothing any more.
    public var isOver: Bool {
        switch state {
        case .finished, .failed, .aborted, .reverted: true
        case .running, .paused: false
        }
    }

    /// Whether it has failed by what the version has done. That a gateway has ended it, that a server fell silent, or that
    /// nobody knows how tests ended, says nothing of the version.
    public var hasVersionFailed: Bool {
        guard case .failed = state else { return false }
        return hasProvenNothing != true && instances.contains { $0.problem != nil }
    }

    /// The version that has failed, of those that it brings; `nil`: none has.
    public var failedVersion: String? { hasVersionFailed ? brokenVersion ?? version : nil }

    /// The version that it brings to an instance.
    public func target(of instance: RolloutInstance) -> String { instance.target ?? version }

    /// The versions that instances have by it, and keep.
    public var broughtVersions: Set<String> {
        Set(instances.lazy.filter { $0.isDone && $0.isChanged }.compactMap(\.version))
    }

    /// The instances that the export must have drained, whatever else is wanted of them. After the end these are the ones
    /// that are stuck.
    public var drained: Set<String> { Set(instances.lazy.filter(\.stage.isDrained).map(\.name)) }

    /// The version that each instance is to have.
    public var versions: [String: String?] {
        Dictionary(instances.map { ($0.name, $0.version) }) { $1 }
    }

    /// The tests that are to be run now.
    public var jobs: [RolloutJob] {
        instances.compactMap { instance in
            switch instance.stage {
            case .testing: job(.node, of: instance)
            case .probing: job(.outside, of: instance)
            default: nil
            }
        }
    }

    private func job(_ origin: RolloutJob.Origin, of instance: RolloutInstance) -> RolloutJob? {
        instance.version.map {
            RolloutJob(instance: instance.name, version: $0, origin: origin, attempt: instance.attempt)
        }
    }

    // MARK: Orders

    /// Why a rollout is paused that somebody has paused.
    public static let pausedByOperator = "paused by an operator"
    /// Why a rollout is paused whose canaries somebody has to promote.
    public static let canariesPassed = "the canaries have passed: resume to go on with the others"

    /// Begins no further batch.
    public mutating func pause(_ reason: String = pausedByOperator) {
        if case .running = state { state = .paused(reason) }
    }

    /// Goes on after a pause; after the canaries it also promotes them.
    ///
    /// - Parameter gateways: gateways that are not waited for any more, paused or not: they are known to be off.
    public mutating func resume(without gateways: Set<String> = [], now: Int) {
        withoutGateways.formUnion(gateways)
        guard case .paused = state else { return }
        if areCanariesDone { isPromoted = true }
        state = .running
        // Whatever waits has its whole time again.
        for index in instances.indices where Self.isAtWork(instances[index]) { instances[index].since = now }
    }

    /// Ends the rollout: what is being changed goes back, what is done stays.
    public mutating func abort(now: Int) {
        guard !isOver else { return }
        goBack(where: Self.isAtWork, "the rollout was aborted", now: now)
        end(.aborted)
    }

    /// Takes all instances back to the versions that they had, also after the rollout has ended. Those that are not
    /// healthy go first; there are no canaries and no pauses.
    ///
    /// - Parameter gone: instances that are no more: they stay as they are, and the rollout says so.
    public mutating func revert(without gone: Set<String> = [], now: Int) {
        if case .reverted = state, !instances.contains(where: { $0.stage == .stuck }) { return }
        state = .running
        ending = nil
        for index in instances.indices {
            if gone.contains(instances[index].name) {
                instances[index].stage = .done
                instances[index].problem = "it is no more: there is nothing to take back"
            } else if instances[index].stage == .stuck {
                instances[index].attempt += 1
                instances[index].enter(.starting, now: now)
            } else if Self.isAtWork(instances[index]) {
                goBack(index, "the rollout is reverted", now: now)
            } else if instances[index].isChanged {
                instances[index].enter(.waiting, now: now)
            }
        }
        end(.reverted)
    }

    /// Ends the rollout because of what somebody knows of the version: what is being changed goes back, what is done stays.
    public mutating func giveUp(_ reason: String, now: Int) {
        guard !isOver, ending == nil else { return }
        hasProvenNothing = true
        goBack(where: Self.isAtWork, reason, now: now)
        end(.failed(reason))
    }

    /// Lets go of instances that are stuck: somebody else cares for them.
    public mutating func release(_ names: Set<String>) {
        for index in instances.indices where instances[index].stage == .stuck && names.contains(instances[index].name) {
            instances[index].stage = .done
        }
    }

    // MARK: Events

    /// Takes notice of what is known, and goes on as far as that allows. Cost: linear in the instances.
    public mutating func observe(_ observation: RolloutObservation) {
        guard !isOver else { return }
        // What gateways have said is about the stages as they are now: an instance that enters one waits for more.
        var observation = observation
        let asked = instances.filter { $0.stage == .draining || $0.stage == .admitting }
        observation.asked = Dictionary(asked.map { ($0.name, $0.stage) }) { $1 }
        for index in instances.indices where Self.isAtWork(instances[index]) {
            var steps = 0
            // Each round is a stage further, or the way back.
            while steps < 2 * InstanceStage.allCases.count, advance(index, observation) { steps += 1 }
        }
        watch(observation)
        beginBatch(observation)
        settle()
    }

    /// Has those that have the version go back that do not bear it after all.
    private mutating func watch(_ observation: RolloutObservation) {
        switch ending {
        case nil, .failed: break
        default: return
        }
        for index in instances.indices {
            let instance = instances[index]
            if instance.isDone, instance.isChanged {
                guard let (reason, isProven) = collapse(of: instance, observation) else { continue }
                _ = fail(index, "\(reason), after it was done", isProven: isProven, now: observation.now)
            } else if ending == nil, isUnproven(instance) {
                let version = target(of: instance)
                guard let service = observation.services[instance.name], service.wanted == version else { continue }
                switch service.state {
                case .failing(let reason):
                    // What ended may be the version before, which is there until the new one is placed.
                    let words = "it has the version already, and fails: \(reason)"
                    _ = fail(index, words, isProven: service.version == version, now: observation.now)
                case .refused(let reason):
                    let words = "it has the version already, and its server refuses it: \(reason)"
                    _ = fail(index, words, isProven: false, now: observation.now)
                case .changing, .running: continue
                }
            }
        }
    }

    /// Why an instance that was done fails now, and whether that speaks against the version; `nil`: it does not fail.
    private func collapse(
        of instance: RolloutInstance, _ observation: RolloutObservation
    ) -> (reason: String, isProven: Bool)? {
        guard let service = observation.services[instance.name], service.version == instance.version else { return nil }
        if case .failing(let reason) = service.state { return (reason, true) }
        if service.restarts > instance.restarts { return ("it ended by itself and was started again", true) }
        return observation.unhealthy[instance.name].map { ($0, false) }
    }

    /// Whether an instance was given the version by somebody else, and was not seen to run with it yet.
    private func isUnproven(_ instance: RolloutInstance) -> Bool {
        instance.stage == .waiting && instance.version == target(of: instance) && !instance.isChanged
    }

    private static func isAtWork(_ instance: RolloutInstance) -> Bool {
        switch instance.stage {
        case .waiting, .done, .stuck: false
        default: true
        }
    }

    private var areCanariesDone: Bool {
        guard policy.canary != nil, let first = batches.first else { return false }
        return instances.prefix(first.count).allSatisfy { $0.stage == .done }
    }

    /// Begins the next batch if nothing is being changed.
    private mutating func beginBatch(_ observation: RolloutObservation) {
        guard case .running = state, !instances.contains(where: Self.isAtWork) else { return }
        if ending == .reverted {
            // Those that fail their clients first.
            let waiting = instances.indices.filter { instances[$0].stage == .waiting && instances[$0].isChanged }
            let order = waiting.sorted { a, b in
                let (x, y) = (isIll(a, observation) ? 0 : 1, isIll(b, observation) ? 0 : 1)
                return x != y ? x < y : a < b
            }
            let size = policy.canary == nil ? batches.first?.count : batches.dropFirst().first?.count
            for index in order.prefix(size ?? 1) { beginWayBack(index, observation.now) }
            return
        }
        // Whoever has the version already, and runs, needs no restart.
        for index in instances.indices where isUnproven(instances[index]) {
            let version = target(of: instances[index])
            guard let service = observation.services[instances[index].name], service.version == version,
                service.wanted == version, service.state == .running
            else { continue }
            instances[index].enter(.done, now: observation.now)
        }
        guard ending == nil else { return }
        guard let next = instances.first(where: { $0.stage == .waiting && !isUnproven($0) }),
            let batch = batches.first(where: { $0.contains(next.name) })
        else { return endWithoutProof(observation) }
        if areCanariesDone, !isPromoted, batch != batches[0] {
            guard policy.canary?.promotion == .auto else {
                state = .paused(Self.canariesPassed)
                return
            }
            isPromoted = true
        }
        let names = Set(batch)
        for index in instances.indices where instances[index].stage == .waiting && names.contains(instances[index].name)
        {
            instances[index].enter(.draining, now: observation.now)
        }
    }

    /// Fails when nothing is left but instances that have the version and are not seen to run with it.
    private mutating func endWithoutProof(_ observation: RolloutObservation) {
        guard let index = instances.indices.first(where: { isUnproven(instances[$0]) }) else { return }
        // All of them have the whole time after whatever was done last.
        let since = instances.map(\.since).max() ?? 0
        guard observation.now - since >= policy.deadline else { return }
        let name = instances[index].name
        let reason =
            observation.lost.contains(name)
            ? "its server is silent" : observation.services[name]?.trouble ?? "its server does not say so"
        _ = fail(
            index, "it has the version already, and does not run within \(policy.deadline) s: \(reason)",
            isProven: false,
            now: observation.now)
    }

    private func isIll(_ index: Int, _ observation: RolloutObservation) -> Bool {
        observation.unhealthy[instances[index].name] != nil
    }

    private mutating func beginWayBack(_ index: Int, _ now: Int) {
        instances[index].isGoingBack = true
        instances[index].enter(.draining, now: now)
    }

    /// Ends the rollout when all that was begun is at rest.
    private mutating func settle() {
        guard !instances.contains(where: Self.isAtWork) else { return }
        if let ending {
            if ending == .reverted, instances.contains(where: { $0.stage == .waiting && $0.isChanged }) { return }
            state = ending
        } else if instances.allSatisfy({ $0.stage == .done }) {
            state = .finished
        }
    }

    private mutating func end(_ state: State) {
        ending = state
        self.state = .running
        settle()
    }

    // MARK: One instance

    /// Goes one stage further, if what is known allows it.
    /// - Returns: whether it did.
    private mutating func advance(_ index: Int, _ observation: RolloutObservation) -> Bool {
        let (instance, now) = (instances[index], observation.now)
        let isLate = now - instance.since >= policy.deadline
        switch instance.stage {
        case .waiting, .done, .stuck: return false
        case .draining:
            switch confirmation(of: instance, observation) {
            case .confirmed: instances[index].enter(.emptying, now: now)
            case .held(let gateway):
                return refrain(index, "\(gateway) holds the export back", isLasting: true, now: now)
            case .missing(let gateways):
                // Nobody can say whether a silent gateway still sends something to it.
                guard isLate else { return false }
                return refrain(index, Self.silence(of: gateways, policy.deadline), isLasting: false, now: now)
            }
        case .emptying:
            guard observation.connections[instance.name] == 0 || now - instance.since >= policy.drainTime else {
                return false
            }
            instances[index].version = instance.isGoingBack ? instance.before : target(of: instance)
            instances[index].attempt += 1
            instances[index].enter(.starting, now: now)
        case .starting:
            guard let service = observation.services[instance.name], service.wanted == instance.version else {
                guard isLate else { return false }
                let isLost = observation.lost.contains(instance.name)
                let words = isLost ? "its server is silent" : "its server has not begun"
                return fail(index, "\(words) after \(policy.deadline) s", isProven: false, now: now)
            }
            // A version that could not be placed was never tried.
            let isPlaced = service.version == instance.version
            if case .failing(let reason) = service.state { return fail(index, reason, isProven: isPlaced, now: now) }
            if case .refused(let reason) = service.state {
                return fail(index, "its server refuses it: \(reason)", isProven: false, now: now)
            }
            guard service.version == instance.version, service.state == .running else {
                let words = service.trouble.map { ": \($0)" } ?? ""
                guard isLate else { return false }
                return fail(
                    index, "it has not started within \(policy.deadline) s\(words)", isProven: isPlaced, now: now)
            }
            instances[index].restarts = service.restarts
            instances[index].enter(instance.isGoingBack ? .admitting : .testing, now: now)
        case .testing: return judge(index, .node, then: .baking, observation)
        case .baking:
            if let reason = illness(of: instance, observation) { return fail(index, reason, now: now) }
            guard now - instance.since >= policy.bake else { return false }
            if let doubt = doubt(about: instance, observation) {
                guard now - instance.since >= policy.bake + policy.deadline else { return false }
                let isProven = observation.services[instance.name] != nil
                return fail(index, "\(doubt) after \(now - instance.since) s", isProven: isProven, now: now)
            }
            instances[index].enter(.admitting, now: now)
        case .admitting:
            switch confirmation(of: instance, observation) {
            case .confirmed: instances[index].enter(instance.isGoingBack ? .done : .probing, now: now)
            case .held(let gateway):
                // It has its version, and waits for the gateway to go on: nothing of it has failed.
                pause("\(gateway) holds the export back, and sends nothing to \(instance.name) yet")
                return false
            case .missing(let gateways):
                if isLate { pause("\(Self.silence(of: gateways, policy.deadline)) with \(instance.name) ready") }
                return false
            }
        case .probing:
            if let reason = illness(of: instance, observation) { return fail(index, reason, now: now) }
            return judge(index, .outside, then: .done, observation)
        }
        return true
    }

    private func confirmation(
        of instance: RolloutInstance, _ observation: RolloutObservation
    ) -> RolloutObservation.Confirmation {
        guard observation.asked[instance.name] == instance.stage else { return .missing([]) }
        return switch observation.confirmations[instance.name] {
        case nil: .missing([])
        case .missing(let gateways)?:
            !gateways.isEmpty && withoutGateways.isSuperset(of: gateways)
                ? .confirmed : .missing(gateways.filter { !withoutGateways.contains($0) })
        case .held(let gateway)? where withoutGateways.contains(gateway): .confirmed
        case let other?: other
        }
    }

    private static func silence(of gateways: [String], _ seconds: Int) -> String {
        let names = gateways.isEmpty ? "no gateway" : gateways.joined(separator: ", ")
        return gateways.isEmpty
            ? "\(names) has confirmed within \(seconds) s" : "\(names) has not confirmed within \(seconds) s"
    }

    /// Goes on if the tests have passed, and back if not. Tests of which nobody knows how they ended, since the node or its
    /// machine was started again meanwhile, are begun once more, when the instance runs.
    private mutating func judge(
        _ index: Int, _ origin: RolloutJob.Origin, then next: InstanceStage, _ observation: RolloutObservation
    ) -> Bool {
        let (instance, now) = (instances[index], observation.now)
        switch job(origin, of: instance).flatMap({ observation.jobs[$0] }) {
        case .succeeded?: instances[index].enter(next, now: now)
        case .failed(let reason)?: return fail(index, reason, now: now)
        case .unknown(let reason)?:
            guard instance.hasRepeatedTests != true, !observation.lost.contains(instance.name) else {
                return fail(index, unknownEnd(of: instance, reason), isProven: false, now: now)
            }
            instances[index].hasRepeatedTests = true
            instances[index].attempt += 1
            instances[index].enter(.starting, now: now)
        case .running?, nil:
            guard now - instance.since >= policy.deadline else { return false }
            if origin == .node, observation.lost.contains(instance.name) {
                return fail(index, unknownEnd(of: instance, "its server is silent"), isProven: false, now: now)
            }
            return fail(index, "its tests have not ended within \(policy.deadline) s", now: now)
        }
        return true
    }

    private func unknownEnd(of instance: RolloutInstance, _ reason: String) -> String {
        let again = instance.hasRepeatedTests == true ? ", also when they were begun once more" : ""
        return "nobody knows how its tests ended\(again): \(reason)"
    }

    private func illness(of instance: RolloutInstance, _ observation: RolloutObservation) -> String? {
        if let reason = observation.unhealthy[instance.name] { return reason }
        guard let service = observation.services[instance.name] else { return nil }
        if case .failing(let reason) = service.state { return reason }
        if service.version != instance.version { return "its server has another version" }
        return service.restarts > instance.restarts ? "it ended by itself and was started again" : nil
    }

    /// Why it cannot be said that an instance is healthy; `nil`: it can.
    private func doubt(about instance: RolloutInstance, _ observation: RolloutObservation) -> String? {
        guard let service = observation.services[instance.name] else { return "its server is silent" }
        if let reason = observation.recovering[instance.name] { return "it has not become healthy: \(reason)" }
        return service.state == .running ? nil : "it is not ready"
    }

    /// Has an instance that was only drained ready again, with the version that it has.
    ///
    /// - Parameter isLasting: whether the rollout ends; otherwise it pauses, and begins with the instance anew.
    private mutating func refrain(_ index: Int, _ reason: String, isLasting: Bool, now: Int) -> Bool {
        let words = "\(reason): \(instances[index].name) was not touched"
        if ending == .reverted {
            pause(words)
            return false
        }
        for index in instances.indices where instances[index].stage == .draining {
            instances[index].enter(.waiting, now: now)
        }
        if isLasting { if ending == nil { end(.failed(words)) } } else { pause(words) }
        return true
    }

    /// Sends the instance, those of its batch, and all that are being changed back to the version before.
    ///
    /// - Parameter isProven: whether the reason speaks against the version.
    private mutating func fail(_ index: Int, _ reason: String, isProven: Bool = true, now: Int) -> Bool {
        let name = instances[index].name
        guard !instances[index].isGoingBack else {
            instances[index].problem = "it does not come back to the version before: \(reason)"
            instances[index].enter(.stuck, now: now)
            return true
        }
        instances[index].problem = reason
        let batch = batches.first { $0.contains(name) } ?? []
        goBack(where: { Self.isAtWork($0) || $0.isDone && $0.isChanged && batch.contains($0.name) }, reason, now: now)
        if ending == nil {
            hasProvenNothing = isProven ? nil : true
            brokenVersion = target(of: instances[index])
            end(.failed("\(name): \(reason)"))
        }
        return true
    }

    private mutating func goBack(where condition: (RolloutInstance) -> Bool, _ reason: String, now: Int) {
        for index in instances.indices where condition(instances[index]) { goBack(index, reason, now: now) }
    }

    private mutating func goBack(_ index: Int, _ reason: String, now: Int) {
        let instance = instances[index]
        guard !instance.isGoingBack else { return }
        if instance.problem == nil { instances[index].problem = reason }
        guard instance.isChanged else {
            // It was drained at most: ready again is all it needs.
            instances[index].enter(.waiting, now: now)
            return
        }
        instances[index].isGoingBack = true
        if instance.stage.mayBeStopped {
            // It is drained and empty already.
            instances[index].version = instance.before
            instances[index].attempt += 1
            instances[index].enter(.starting, now: now)
        } else {
            instances[index].enter(.draining, now: now)
        }
    }
}
