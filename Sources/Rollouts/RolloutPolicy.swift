/// How a rollout goes through the instances of a type: `upgrade:` in its meta-configuration.
public struct RolloutPolicy: Sendable, Hashable, Codable {
    /// How many instances are changed at a time.
    public enum BatchSize: Sendable, Hashable, Codable {
        case instances(Int)
        /// Of all instances of the rollout, rounded down, at least one.
        case percent(Int)
    }

    /// Instances that are changed before all others.
    public struct Canary: Sendable, Hashable, Codable {
        /// How the rollout goes on after the canaries.
        public enum Promotion: String, Sendable, Hashable, CaseIterable, Codable {
            /// As soon as they have passed.
            case auto
            /// When somebody says so.
            case manual
        }

        public var count: Int
        public var promotion: Promotion

        public init(count: Int, promotion: Promotion) {
            self.count = count
            self.promotion = promotion
        }
    }

    public var batch: BatchSize
    public var canary: Canary?
    /// Seconds that an instance must be healthy before it gets requests again.
    public var bake: Int
    /// Seconds that each wait may take: for gateways, for a start, for tests.
    public var deadline: Int
    /// Seconds that an instance's connections may take to end.
    public var drainTime: Int

    public init(
        batch: BatchSize = .instances(1), canary: Canary? = nil, bake: Int = 10, deadline: Int = 600,
        drainTime: Int = 600
    ) {
        self.batch = batch
        self.canary = canary
        self.bake = bake
        self.deadline = deadline
        self.drainTime = drainTime
    }

    /// How many instances a batch may have.
    public static let batches = 1...10_000
    /// How many percent a batch may have.
    public static let shares = 1...100
    public static let canaries = 1...1_000
    public static let bakes = 0...86_400
    public static let deadlines = 10...86_400

    /// The instances in the order of the rollout, split into batches: the canaries first.
    func batches(of instances: [String]) -> [[String]] {
        let size =
            switch batch {
            case .instances(let count): max(1, count)
            case .percent(let share): max(1, instances.count * share / 100)
            }
        let canaries = min(canary?.count ?? 0, instances.count)
        var batches = canaries > 0 ? [Array(instances[..<canaries])] : []
        var start = canaries
        while start < instances.count {
            let end = min(start + size, instances.count)
            batches.append(Array(instances[start..<end]))
            start = end
        }
        return batches
    }
}
