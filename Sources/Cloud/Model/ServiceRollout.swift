public import Names
public import Rollouts
import Text

/// A rollout of a type, as ADMIN works through it.
public struct ServiceRollout: Sendable, Hashable {
    /// `7`: the number as text.
    public let id: String
    /// The order in which rollouts were begun, from 1.
    public let number: Int
    public let type: String
    /// The version that all instances are to have, but for those that keep another variant.
    public let version: VersionReference
    /// Its manifest: SHA-256, 64 hexadecimal digits. `progress` names versions by these digests.
    public let digest: String
    /// The other variants that instances get in its place, by their digests.
    public let variants: [String: VersionReference]
    /// The version references that instances had before, by their digests: what a way back gives them again.
    public let versionsBefore: [String: VersionReference]
    public let createdBy: String
    /// RFC 3339 in UTC, as the other time.
    public let createdAt: String
    public var endedAt: String?
    /// What is done, and what is wanted of each instance.
    public var progress: Rollout
    /// Seconds of the rollout's own clock at its newest commit: it stands still while no ADMIN runs.
    public var clock: Int
    /// By instance: the generation of the commit whose export has it as its stage wants. What gateways have applied of
    /// an earlier one confirms nothing.
    public var generations: [String: Int]
    /// The jobs of the tests that run on servers: those that are wanted, and those of instances that have failed.
    public var jobs: [RolloutJob: String]
    /// Instances of the type that were not named and are not part of it: they had no version, or were stopped.
    public let leftOut: [String]
    /// How the version is still to be marked for what has become of the rollout; `nil`: it was, or need not be.
    public var mark: Mark?

    /// What a rollout has found out about its version.
    public enum Mark: Sendable, Hashable, Codable {
        case good
        /// Why.
        case quarantined(String)
    }

    package init(
        number: Int, type: String, version: VersionReference, digest: String,
        variants: [String: VersionReference] = [:], versionsBefore: [String: VersionReference], createdBy: String,
        createdAt: String, endedAt: String? = nil,
        progress: Rollout, clock: Int = 0, generations: [String: Int] = [:], jobs: [RolloutJob: String] = [:],
        leftOut: [String] = [], mark: Mark? = nil
    ) {
        id = "\(number)"
        self.number = number
        self.type = type
        self.version = version
        self.digest = digest
        self.variants = variants
        self.versionsBefore = versionsBefore
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.endedAt = endedAt
        self.progress = progress
        self.clock = clock
        self.generations = generations
        self.jobs = jobs
        self.leftOut = leftOut
        self.mark = mark
    }

    /// The reference by which it knows a version.
    package func reference(to digest: String) -> VersionReference {
        digest.isExactly(self.digest) ? version : variants[digest] ?? versionsBefore[digest] ?? .manifest(digest)
    }

    /// The manifests of the versions that it brings.
    package var targets: [String] { [digest] + variants.keys.sorted() }

    /// Whether an instance may still get a version: a new one, or the one before on a way back.
    package func needs(_ digest: String) -> Bool {
        !progress.isOver && (targets.contains { $0.isExactly(digest) } || versionsBefore[digest] != nil)
    }

    /// Whether it has an instance change between variants of one version and nothing else, and `digest` is its main one:
    /// other instances run that, whatever became of this one.
    func isReturn(to digest: String) -> Bool {
        let target = reference(to: digest)
        guard target.isMainVariant else { return false }
        return progress.instances.allSatisfy { instance in
            guard let before = instance.before.map(reference) else { return false }
            return before != target && before.name != nil && before.name == target.name
        }
    }

    /// The instances that it holds back from the export.
    public var drained: Set<String> { progress.drained }

    /// Whether a way back would give an instance the version: one that is there has another one now, or is stuck.
    package func goesBack(to digest: String, in cloud: Cloud) -> Bool {
        instancesToRevert(in: cloud).contains { $0.before.map(digest.isExactly) == true }
    }

    /// The instances that a way back would change: those that have another version than before, or are stuck, and are there.
    func instancesToRevert(in cloud: Cloud) -> [RolloutInstance] {
        progress.instances.filter { ($0.isChanged || $0.stage == .stuck) && cloud.services[$0.name] != nil }
    }

    /// Days for which a rollout that has ended keeps the versions to which `revert` would go back.
    package static let daysOfWayBack = 7

    /// How many rollouts that have ended are kept: the newest, and those that hold an instance back.
    package static let kept = 200
}

extension ServiceRollout: CustomStringConvertible {
    /// `pgw to 1.6.0, 2 of 4 done, pgw.3 emptying`, `pgw to 1.6.0, failed: pgw.2: its tests have failed`
    public var description: String {
        let (done, back) = (progress.instances.count(where: \.isDone), progress.instances.count(where: \.isBack))
        let state =
            switch progress.state {
            case .running:
                "\(done) of \(progress.instances.count) done\(back > 0 ? ", \(back) back" : "")\(work)"
            case .paused(let reason): "paused: \(reason)"
            case .finished: "finished"
            case .failed(let reason): "failed: \(reason)"
            case .aborted: "aborted"
            case .reverted: "reverted"
            }
        return "\(type) to \(version), \(state)"
    }

    /// What is done with the first instances that are being changed: `, pgw.3 emptying, pgw.4 starting`.
    private var work: String {
        let busy = progress.instances.filter { ![.waiting, .done].contains($0.stage) }
        let shown = busy.prefix(3).map { ", \($0.name) \($0.isGoingBack ? "going back, " : "")\($0.stage)" }.joined()
        return busy.count > 3 ? "\(shown) and \(busy.count - 3) more" : shown
    }
}
