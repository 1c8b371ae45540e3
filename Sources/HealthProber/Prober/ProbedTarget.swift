import HealthChecks

/// A target of the daemon, and what is known of it.
struct ProbedTarget {
    let id: UInt64
    let target: ProbeTarget
    let name: SocketName
    var health: TargetHealth
    /// The place of the probe that is under way.
    var flight: Int?
    /// When the last probe was due, in milliseconds.
    var due = 0
    /// Milliseconds from the first probe to the second, if it is made sooner than by the phase.
    var firstPause: Int?
    /// How many probes have failed since the target was added.
    var failures = 0
    /// Microseconds that the last probe took.
    var latency = 0
    /// The share of the weight that the last success gave.
    var weight: UInt8?
    /// Whether the daemon knows the weight.
    var isWeightTold: Bool
    /// What the program of a `command` probe has printed.
    var note: String?
    /// What keeps this machine from probing the target.
    var problem: String?
    /// Whether a digest of it is to be sent.
    var isChanged = false

    init(_ id: UInt64, _ target: ProbeTarget, _ known: DaemonMessage.KnownVerdict?, at now: Int) {
        self.id = id
        self.target = target
        name = SocketName(target.address, port: target.port)
        health = known.map { TargetHealth($0.verdict, since: now - $0.age) } ?? TargetHealth()
        if case .command = target.check.probe { isWeightTold = false } else { isWeightTold = true }
    }

    /// Takes the outcome of a probe. Returns whether the daemon must hear of it at once.
    ///
    /// - Parameter now: in milliseconds.
    mutating func record(_ outcome: ProbeOutcome, latency: Int, at now: Int) -> Bool {
        switch outcome {
        case .void(let problem):
            self.problem = problem
            return false
        case .success(let weight, let note):
            problem = nil
            self.latency = latency
            self.note = note
            let isWeightNew = !isWeightTold || weight != self.weight
            self.weight = weight
            let isVerdictNew = health.record(failure: nil, at: now, target.check.timing)
            guard health.verdict == .up, isWeightNew || isVerdictNew else { return false }
            isWeightTold = true
            return true
        case .failure(let reason):
            problem = nil
            self.latency = latency
            failures += 1
            let isVerdictNew = health.record(failure: reason, at: now, target.check.timing)
            // The first success after it tells the weight again.
            if isVerdictNew, case .command = target.check.probe { isWeightTold = false }
            return isVerdictNew
        }
    }

    /// The line for the daemon; `nil` before the first result.
    func verdict(at now: Int) -> ProberMessage? {
        guard let verdict = health.verdict, let since = health.since else { return nil }
        return .verdict(
            ProberMessage.TargetVerdict(
                id: id, verdict, age: max(0, now - since), latency: latency, weight: verdict == .up ? weight : nil,
                reason: health.failure ?? note))
    }

    var digest: ProberMessage {
        .result(
            ProberMessage.TargetResult(id: id, failures: failures, latency: latency, reason: health.failure ?? note))
    }
}
