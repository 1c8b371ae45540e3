import AdminAPI
import Cloud
import Rollouts

extension RolloutPolicy {
    /// The policy with what the body of a new rollout says instead.
    ///
    /// Throws `ChangeError.invalid` if canaries that there are not are to be promoted by hand.
    func overridden(by wanted: RolloutCreation) throws -> RolloutPolicy {
        var policy = self
        policy.batch = wanted.batch.flatMap { BatchSize($0) } ?? batch
        policy.bake = wanted.bake ?? bake
        policy.deadline = wanted.deadline ?? deadline
        if let count = wanted.canaries {
            policy.canary = count == 0 ? nil : Canary(count: count, promotion: canary?.promotion ?? .auto)
        }
        guard let isByHand = wanted.isPromotedByHand else { return policy }
        guard !isByHand || policy.canary != nil else {
            throw ChangeError.invalid([
                Fault(place: "#/promoteByHand", detail: "there are no canaries that somebody could promote")
            ])
        }
        policy.canary?.promotion = isByHand ? .manual : .auto
        return policy
    }
}
