/// What is known at one moment of the instances of a rollout. Whatever is left out is not known.
public struct RolloutObservation: Sendable, Hashable {
    /// What the gateways of an instance's location say of the export that has it as the rollout wants.
    public enum Confirmation: Sendable, Hashable {
        /// Each has applied it: a poll that arrived after the commit says so.
        case confirmed
        /// These have not, and may still forward to it.
        case missing([String])
        /// This one holds the export back.
        case held(String)
    }

    /// A service as its server reports it.
    public struct Service: Sendable, Hashable {
        /// What matters of it to a rollout.
        public enum State: Sendable, Hashable {
            /// The server is still at work on it.
            case changing
            /// It runs, and is ready.
            case running
            /// It cannot be placed or started, or ended by itself: why.
            case failing(String)
            /// The server does not take the version that it is to have, and will not by itself: why.
            case refused(String)
        }

        /// The version that its server is to have there, as the server knows: what it says is about this one.
        public var wanted: String?
        /// The version that is current there.
        public var version: String?
        public var state: State
        /// How often it was started without having been asked for.
        public var restarts: Int
        /// What its server has trouble with, which may pass.
        public var trouble: String?

        public init(
            wanted: String?, version: String?, state: State, restarts: Int = 0, trouble: String? = nil
        ) {
            self.wanted = wanted
            self.version = version
            self.state = state
            self.restarts = restarts
            self.trouble = trouble
        }
    }

    /// How far the tests of an instance are.
    public enum Job: Sendable, Hashable {
        case running
        case succeeded
        /// Why.
        case failed(String)
        /// They have ended, and nobody knows how: why not.
        case unknown(String)
    }

    /// Seconds of a clock that never goes back.
    public var now: Int
    /// Of instances that are drained or admitted now: what is known of other stages confirms nothing.
    public var confirmations: [String: Confirmation]
    /// Connections that the gateways have counted.
    public var connections: [String: Int]
    public var services: [String: Service]
    /// By the names that `Rollout.jobs` gives.
    public var jobs: [RolloutJob: Job]
    /// Instances that a check at the gateways, or their server, says are not healthy: why.
    public var unhealthy: [String: String]
    /// Instances that have not become healthy yet since they were started: why. They go on to bake.
    public var recovering: [String: String]
    /// Instances whose server has not been heard of for long.
    public var lost: Set<String>
    /// The stages that `confirmations` are about.
    var asked: [String: InstanceStage] = [:]

    public init(
        now: Int, confirmations: [String: Confirmation] = [:], connections: [String: Int] = [:],
        services: [String: Service] = [:], jobs: [RolloutJob: Job] = [:], unhealthy: [String: String] = [:],
        recovering: [String: String] = [:], lost: Set<String> = []
    ) {
        self.now = now
        self.confirmations = confirmations
        self.connections = connections
        self.services = services
        self.jobs = jobs
        self.unhealthy = unhealthy
        self.recovering = recovering
        self.lost = lost
    }
}

/// Tests of one instance. The same value is the same run of them.
public struct RolloutJob: Sendable, Hashable, Codable {
    /// Where the tests are run.
    public enum Origin: String, Sendable, Hashable, CaseIterable, Codable {
        case node
        /// Through the public address.
        case outside
    }

    public let instance: String
    public let version: String
    public let origin: Origin
    /// From 1; rises with each start of the instance by the rollout.
    public let attempt: Int
}
