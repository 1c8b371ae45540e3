import Rollouts
import YAML

extension MetaConfigurationReader {
    /// `{batch: 25%, canary: {count: 1, promote: manual}, bake: 30s, deadline: 10m}`
    mutating func upgrade(_ node: YAMLNode) -> RolloutPolicy? {
        let keys = ["batch", "canary", "bake", "deadline"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "how to upgrade") else { return nil }
        var policy = RolloutPolicy()
        let batch = diagnostics.optional(mapping["batch"]) { node throws(YAMLError) in
            try node.value(RolloutPolicy.BatchSize.self, RolloutPolicy.BatchSize.rule)
        }
        policy.batch = batch ?? policy.batch
        policy.canary = mapping["canary"].flatMap { canary($0) }
        policy.bake = seconds(mapping["bake"], RolloutPolicy.bakes) ?? policy.bake
        policy.deadline = seconds(mapping["deadline"], RolloutPolicy.deadlines) ?? policy.deadline
        return policy
    }

    /// `{count: 1, promote: manual}`
    private mutating func canary(_ node: YAMLNode) -> RolloutPolicy.Canary? {
        guard let mapping = diagnostics.mapping(node, allowedKeys: ["count", "promote"], "canaries") else { return nil }
        let count = diagnostics.required("count", of: mapping) { node throws(YAMLError) in
            try node.integer("a number of canaries", in: RolloutPolicy.canaries)
        }
        let promotion = diagnostics.optional(mapping["promote"]) { node throws(YAMLError) in
            try node.choice(RolloutPolicy.Canary.Promotion.self, "way to promote")
        }
        return count.map { RolloutPolicy.Canary(count: $0, promotion: promotion ?? .auto) }
    }
}
