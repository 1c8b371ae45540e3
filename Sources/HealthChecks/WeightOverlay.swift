/// What a verdict makes of the weight that the export gives a real server.
///
/// | export | verdict | in IPVS |
/// | --- | --- | --- |
/// | absent | any | absent: drained as without checks |
/// | 0 | any | 0: an operator drains it |
/// | above 0 | none, up | the weight; with `slowStart` it climbs after a time down |
/// | above 0 | down | 0 at once; after `dropAfter` taken out, without a drain |
///
/// If fewer than `minimum` would get new connections, those that went down last keep their weights, so that the rest
/// are not run over.
public struct WeightOverlay: Sendable, Hashable {
    /// Milliseconds until a server that comes back has its whole weight; 0: at once.
    public var slowStart: Int
    /// How many servers get new connections at least, whatever the verdicts say, if the export has as many.
    public var minimum: Int
    /// Milliseconds after which a server that is down is taken out; `nil`: never.
    public var dropAfter: Int?

    /// The steps in which a weight climbs. Each costs a write to IPVS.
    static let steps = 10

    public init(slowStart: Int = 0, minimum: Int = 0, dropAfter: Int? = 10_000) {
        self.slowStart = slowStart
        self.minimum = minimum
        self.dropAfter = dropAfter
    }

    /// A real server: its weight in the export, and the health of its target.
    public struct Member: Sendable, Hashable {
        public var weight: Int
        /// `nil`: not checked, or no result yet.
        public var verdict: TargetHealth.Verdict?
        /// Since when the verdict stands.
        public var since: Int
        /// Whether it was down before it was up.
        public var hasReturned: Bool

        public init(weight: Int, verdict: TargetHealth.Verdict? = nil, since: Int = 0, hasReturned: Bool = false) {
            self.weight = weight
            self.verdict = verdict
            self.since = since
            self.hasReturned = hasReturned
        }
    }

    /// What IPVS is to have of a real server.
    public enum Outcome: Sendable, Hashable {
        case weight(Int)
        /// Taken out at once.
        case out

        /// Whether it gets new connections.
        public var isServing: Bool { self != .out && self != .weight(0) }
    }

    /// The outcomes at an instant, in the order of the members, and the next instant at which one of them may differ
    /// although no verdict has changed; `nil`: none will.
    ///
    /// Cost: grows with the number of members; where `minimum` is not met, by its logarithm more.
    public func outcomes(of members: [Member], at instant: Int) -> (outcomes: [Outcome], next: Int?) {
        var next: Int?
        var outcomes = members.map { member in
            let (outcome, change) = outcome(of: member, at: instant)
            next = [next, change].compactMap(\.self).min()
            return outcome
        }
        var missing = minimum - outcomes.count(where: \.isServing)
        guard missing > 0 else { return (outcomes, next) }
        let down = members.indices.filter { members[$0].weight > 0 && !outcomes[$0].isServing }
        for index in down.sorted(by: { (members[$0].since, $1) > (members[$1].since, $0) }) where missing > 0 {
            outcomes[index] = .weight(members[index].weight)
            missing -= 1
        }
        return (outcomes, next)
    }

    private func outcome(of member: Member, at instant: Int) -> (Outcome, next: Int?) {
        guard member.weight > 0, let verdict = member.verdict else { return (.weight(member.weight), nil) }
        let age = max(0, instant - member.since)
        switch verdict {
        case .down:
            guard let dropAfter else { return (.weight(0), nil) }
            return age >= dropAfter ? (.out, nil) : (.weight(0), member.since + dropAfter)
        case .up:
            guard member.hasReturned, age < slowStart else { return (.weight(member.weight), nil) }
            // The share in the middle of the step: 5 % at first, so never 0, which would be a drain; then 15 % and so on.
            let step = age * Self.steps / slowStart
            let end = (step + 1) * slowStart
            return (
                .weight(max(1, member.weight * (2 * step + 1) / (2 * Self.steps))),
                member.since + (end + Self.steps - 1) / Self.steps
            )
        }
    }
}
