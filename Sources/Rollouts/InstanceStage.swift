/// What a rollout is doing with one instance. The stages are gone through in this order.
public enum InstanceStage: String, Sendable, Hashable, CaseIterable, Codable {
    /// Its turn has not come.
    case waiting
    /// The export has it drained, and not every gateway has confirmed that.
    case draining
    /// No gateway sends it anything new; its connections end.
    case emptying
    /// Its server is to place the version and to start it.
    case starting
    /// The tests `from: node` run.
    case testing
    /// It runs, and must stay healthy for some time.
    case baking
    /// The export has it ready, and not every gateway has confirmed that.
    case admitting
    /// The tests `from: outside` run.
    case probing
    /// Nothing is left to do.
    case done
    /// It does not come back to the version before: it stays drained, and somebody has to look.
    case stuck

    /// Whether the export has the instance drained, whatever its own state and its server's are.
    public var isDrained: Bool {
        switch self {
        case .draining, .emptying, .starting, .testing, .baking, .stuck: true
        case .waiting, .admitting, .probing, .done: false
        }
    }

    /// Whether the instance may have been stopped by now.
    var mayBeStopped: Bool {
        switch self {
        case .starting, .testing, .baking, .stuck: true
        case .waiting, .draining, .emptying, .admitting, .probing, .done: false
        }
    }
}

/// One instance of a rollout.
public struct RolloutInstance: Sendable, Hashable, Codable {
    /// `pgw.1`
    public let name: String
    /// The version that it had before; `nil`: none.
    public let before: String?
    /// The version that it gets in the place of the rollout's, as another variant; `nil`: the rollout's.
    let target: String?
    /// The version that it is to have, which `stage` is about.
    public internal(set) var version: String?
    public internal(set) var stage: InstanceStage
    /// When the stage began, in seconds of the rollout's clock.
    public internal(set) var since: Int
    /// Whether it goes back to `before`.
    public internal(set) var isGoingBack: Bool
    /// How often a start was tried: tests of another attempt are other jobs.
    public internal(set) var attempt: Int
    /// How often its server had started it by itself when it began to bake.
    var restarts: Int
    /// Why it went back, or cannot; `nil`: nothing has failed.
    public internal(set) var problem: String?
    /// Whether its tests were begun once more, since nobody knows how they had ended; `nil`: no.
    var hasRepeatedTests: Bool?

    init(name: String, before: String?, target: String? = nil) {
        self.name = name
        self.before = before
        self.target = target
        version = before
        stage = .waiting
        since = 0
        isGoingBack = false
        attempt = 0
        restarts = 0
    }

    /// Whether it has the version that the rollout brings, and nothing is left to do.
    public var isDone: Bool { stage == .done && !isGoingBack }
    /// Whether it has come back to the version before, and nothing is left to do.
    public var isBack: Bool { stage == .done && isGoingBack }

    /// Whether it has, or may have, another version than before.
    public var isChanged: Bool { version != before }

    mutating func enter(_ next: InstanceStage, now: Int) {
        stage = next
        since = now
    }
}
