public import HealthChecks
public import Netlink
import NetworkTypes
import ServicesExport
import Text

/// The verdicts of the prober, and what they make of the export: a value, without a clock or a socket.
///
/// State lives by what is asked of a server: as long as that stays in the export the verdict stands, whatever else changes,
/// the check's own timing included.
/// All instants are milliseconds of the boot clock.
public struct HealthOverlay: Sendable {
    /// Milliseconds for which the last verdicts hold when the prober is gone. Then ADMIN's word alone counts.
    public static let patience = 30_000
    /// Milliseconds between two looks at the clock after which this process was stopped.
    private static let longestGap = 5_000

    /// What is probed.
    public private(set) var targets: [ProbeTarget: CheckedTarget] = [:]
    /// The virtual services for which the kernel should have something else than the export says.
    public private(set) var laid: [IPVS.ServiceIdentity: LaidService] = [:]
    /// Targets that the prober has not been told of, or no longer has to probe, by their numbers.
    public private(set) var news: [UInt64: ProbeTarget?] = [:]
    /// The latest instant that is known.
    public private(set) var instant = 0
    /// When the prober was last heard, or when the wait for it began.
    public private(set) var heardAt: Int?
    /// Targets of which there is more to say than that they are up.
    public private(set) var notable: Set<ProbeTarget> = []
    private var byID: [UInt64: ProbeTarget] = [:]
    /// A target of each question that is asked, whatever its timing.
    private var byQuestion: [Question: ProbeTarget] = [:]
    private var lastID: UInt64 = 0
    private var storm = FailureStorm<IPAddress>()
    /// How many targets each backend has, and how many of them are down.
    private var backends: [IPAddress: (targets: Int, down: Int)] = [:]
    /// Services whose outcome must be worked out again.
    private var doubtful: Set<IPVS.ServiceIdentity> = []
    /// When the outcome of a service changes although no verdict does.
    private var due: [IPVS.ServiceIdentity: Int] = [:]

    public init() {}

    // MARK: The export

    /// Follows a change of the export. Cost: grows with the groups that have changed.
    mutating func follow(_ changes: ExportChanges, _ services: Set<IPVS.ServiceIdentity>) {
        // What is removed and added again keeps its verdict.
        for group in changes.added { count(group, by: 1) }
        for group in changes.removed { count(group, by: -1) }
        for service in services where laid[service] != nil || due[service] != nil { doubtful.insert(service) }
        for group in changes.added where group.health != nil { doubtful.formUnion(group.virtualServices) }
    }

    private mutating func count(_ group: ExportGroup, by step: Int) {
        let services = group.virtualServices
        for (target, instance) in group.probes {
            var known = targets[target] ?? add(target)
            let user = CheckedTarget.User(service: instance, section: group.connection.section)
            known.users[user, default: 0] += step
            if known.users[user] == 0 { known.users[user] = nil }
            for service in services {
                known.services[service, default: 0] += step
                if known.services[service] == 0 { known.services[service] = nil }
            }
            if known.users.isEmpty { remove(target, known) } else { set(target, known) }
        }
    }

    private mutating func set(_ target: ProbeTarget, _ known: CheckedTarget) {
        targets[target] = known
        if known.isNotable { notable.insert(target) } else { notable.remove(target) }
    }

    private mutating func add(_ target: ProbeTarget) -> CheckedTarget {
        lastID += 1
        byID[lastID] = target
        news[lastID] = .some(target)
        backends[target.address, default: (0, 0)].targets += 1
        var known = CheckedTarget(id: lastID)
        if let other = byQuestion[Question(target)], let same = targets[other] {
            (known.verdict, known.since, known.hasReturned) = (same.verdict, same.since, same.hasReturned)
            (known.share, known.reason, known.latency) = (same.share, same.reason, same.latency)
            if known.verdict == .down { backends[target.address]?.down += 1 }
        }
        byQuestion[Question(target)] = target
        return known
    }

    private mutating func remove(_ target: ProbeTarget, _ known: CheckedTarget) {
        targets[target] = nil
        if byQuestion[Question(target)] == target { byQuestion[Question(target)] = nil }
        notable.remove(target)
        byID[known.id] = nil
        news[known.id] = .some(nil)
        setDown(target.address, known.verdict == .down ? -1 : 0)
        backends[target.address]?.targets -= 1
        if backends[target.address]?.targets == 0 {
            backends[target.address] = nil
            _ = storm.record(target.address, isDown: false, at: instant, of: backends.count)
        }
    }

    // MARK: The prober

    /// Takes what the prober must be told since it was last asked: a target to add, or `nil` for one to remove, by its
    /// number.
    public mutating func takeNews() -> [UInt64: ProbeTarget?] {
        defer { news = [:] }
        return news
    }

    /// Notes that the prober was heard, so that the verdicts hold.
    public mutating func heard(at instant: Int) {
        advance(to: instant)
        heardAt = self.instant
    }

    /// Takes a verdict. Returns what was known of the target before, and what is now; `nil` if nobody asks for it any more.
    public mutating func take(
        _ told: ProberMessage.TargetVerdict, at instant: Int
    ) -> (target: ProbeTarget, before: CheckedTarget, after: CheckedTarget)? {
        advance(to: instant)
        guard let target = byID[told.id], let before = targets[target] else { return nil }
        var known = before
        let since = self.instant - min(told.age, self.instant)
        if known.verdict != told.verdict {
            known.hasReturned = known.verdict == .down
            known.since = since
        }
        known.verdict = told.verdict
        (known.share, known.reason, known.latency) = (told.weight, told.reason?.printable, told.latency)
        set(target, known)
        if known.verdict != before.verdict {
            setDown(target.address, (known.verdict == .down ? 1 : 0) - (before.verdict == .down ? 1 : 0))
        }
        if known.verdict != before.verdict || known.share != before.share { doubtful.formUnion(known.services.keys) }
        return (target, before, known)
    }

    /// Takes what has changed about a target whose verdict stands.
    public mutating func take(_ told: ProberMessage.TargetResult) {
        guard let target = byID[told.id] else { return }
        targets[target]?.failures = told.failures
        targets[target]?.latency = told.latency
        targets[target]?.reason = told.reason?.printable
    }

    /// Puts back what an earlier process knew of a target, if it is in the export and nothing is known yet.
    public mutating func restore(
        _ target: ProbeTarget, _ verdict: TargetHealth.Verdict, since: Int, hasReturned: Bool, share: UInt8? = nil,
        reason: String? = nil
    ) {
        guard var known = targets[target], known.verdict == nil else { return }
        (known.verdict, known.since, known.hasReturned) = (verdict, since, hasReturned)
        (known.share, known.reason) = (share, reason)
        set(target, known)
        if verdict == .down { backends[target.address]?.down += 1 }
        doubtful.formUnion(known.services.keys)
    }

    /// Counts a target of a backend up or down, and tells the storm when that changes the backend.
    private mutating func setDown(_ address: IPAddress, _ step: Int) {
        guard step != 0, let before = backends[address]?.down else { return }
        backends[address]?.down = before + step
        guard (before == 0) != (before + step == 0) else { return }
        let held = storm.held
        let begins = storm.record(address, isDown: before == 0, at: instant, of: backends.count)
        if begins || storm.held != held { doubtAll() }
    }

    // MARK: Time

    /// Takes the time. It never goes back. As long as a prober is waited for, that is done once a second: after a longer
    /// gap it was this process that was stopped, so the prober is waited for anew.
    public mutating func advance(to instant: Int) {
        let gap = instant - self.instant
        self.instant = max(self.instant, instant)
        if gap > Self.longestGap { heardAt? += gap }
        if storm.expire(at: self.instant) { doubtAll() }
        if let heardAt, self.instant - heardAt >= Self.patience {
            self.heardAt = nil
            forget()
        }
    }

    /// Begins to wait for the prober: until it is heard, what is known holds for `patience`.
    public mutating func awaitProber(at instant: Int) {
        self.instant = max(self.instant, instant)
        heardAt = self.instant
    }

    /// Forgets all verdicts. The first results of the next prober are verdicts by themselves.
    private mutating func forget() {
        for (target, var known) in targets where known.verdict != nil {
            (known.verdict, known.share, known.hasReturned) = (nil, nil, false)
            set(target, known)
        }
        for address in backends.keys { backends[address]?.down = 0 }
        storm = FailureStorm()
        doubtAll()
    }

    private mutating func doubtAll() {
        for known in targets.values { doubtful.formUnion(known.services.keys) }
    }

    /// When to look at the clock again at the latest; `nil`: nothing changes by time.
    public var next: Int? {
        var next = due.values.min()
        func consider(_ instant: Int?) { if let instant { next = min(next ?? instant, instant) } }
        consider(storm.end)
        if !targets.isEmpty, heardAt != nil { consider(instant + 1_000) }
        return next
    }

    /// Whether the weights hold since too many backends failed at once; until when.
    public var stormEnd: Int? { storm.end }

    /// Whether the verdicts count: the prober is there, or has not been gone for long.
    public var isInForce: Bool { heardAt != nil }

    // MARK: The outcome

    /// Works out what the verdicts make of the services that they may have changed. Returns those for which the kernel
    /// should now have something else. Cost: grows with those services.
    mutating func lay(over desired: DesiredState) -> Set<IPVS.ServiceIdentity> {
        var doubtful = doubtful
        self.doubtful = []
        for (service, moment) in due where moment <= instant { doubtful.insert(service) }
        var changed: Set<IPVS.ServiceIdentity> = []
        for service in doubtful {
            due[service] = nil
            let after = outcome(for: service, desired)
            if laid[service] != after {
                laid[service] = after
                changed.insert(service)
            }
        }
        return changed
    }

    /// - Returns: `nil` if the export's word is what counts.
    private mutating func outcome(for service: IPVS.ServiceIdentity, _ desired: DesiredState) -> LaidService? {
        guard let health = desired.health[service], let wanted = desired.services[service] else { return nil }
        var outcomes: [WeightOverlay.Outcome] = []
        if !health.targets.isEmpty {
            let members = zip(wanted.destinations, health.targets).map { destination, target in
                member(Int(destination.settings.weight), target)
            }
            var overlay = health.overlay
            // A flow of UDP has no end: it would stay with a server of weight 0 for as long as the client sends. So where
            // UDP is alone, a server is taken out at once, and the next packet of the flow goes to another.
            if desired.transports(of: service).allSatisfy({ $0 == .udp }) { overlay.dropAfter = 0 }
            (outcomes, due[service]) = overlay.outcomes(of: members, at: instant)
        }
        let after = LaidService(wanted, outcomes, sorry: health.sorry)
        return after.service == wanted ? nil : after
    }

    private func member(_ weight: Int, _ target: ProbeTarget) -> WeightOverlay.Member {
        guard let known = targets[target], let verdict = known.verdict else {
            return WeightOverlay.Member(weight: weight)
        }
        if verdict == .down, storm.held.contains(target.address) { return WeightOverlay.Member(weight: weight) }
        let share = known.share.map { max(1, weight * Int($0) / ProberProtocol.wholeWeight) }
        return WeightOverlay.Member(
            weight: weight == 0 ? 0 : share ?? weight, verdict: verdict, since: known.since,
            hasReturned: known.hasReturned)
    }
}

/// What is asked of a server, without how often.
private struct Question: Hashable {
    let address: IPAddress
    let port: UInt16
    let probe: Probe

    init(_ target: ProbeTarget) { (address, port, probe) = (target.address, target.port, target.check.probe) }
}
