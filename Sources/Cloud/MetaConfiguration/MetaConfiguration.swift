public import Rollouts
public import YAML

/// The description of a service type, from its YAML file.
public struct MetaConfiguration: Sendable, Hashable {
    public var type: String
    /// Whether each instance has a unique index, `${app-index}`.
    public var requiresIndex = false
    /// Whether there may be at most one instance in the cloud.
    public var isUnique = false
    /// Whether each server that meets the requirements has an instance (`instances: each-server`).
    public var isOnEachServer = false
    /// Whether the file applies even if no service of the type exists.
    public var isFake = false
    public var build: BuildSection?
    public var install: InstallSection?
    public var uninstall: UninstallSection?
    /// The user of the server as which a service runs; `nil`: one of its own.
    public var user: String?
    public var run: RunSection?
    public var listen: [ListeningSocket] = []
    public var actions: [ServiceAction] = []
    public var limits: ServiceLimits?
    public var requirements: Requirements?
    public var onServerLost: ServerLossPolicy?
    public var config: [ConfigBlock] = []
    public var tests: [ServiceTest] = []
    /// How a rollout goes through the instances; `nil`: as `RolloutPolicy` has it by itself.
    public var upgrade: RolloutPolicy?
    public var database: DatabaseSection?
    public var gateway: [GatewaySection] = []
    /// Where the document starts.
    public var position: YAMLPosition

    package init(type: String, position: YAMLPosition) {
        self.type = type
        self.position = position
    }
}
