public import HealthChecks
import Netlink

/// A target that is probed, and what is known of it.
public struct CheckedTarget: Sendable, Hashable {
    /// The number by which the prober knows it.
    public let id: UInt64
    /// `nil`: there was no result yet.
    public internal(set) var verdict: TargetHealth.Verdict?
    /// Since when the verdict stands, in milliseconds of the boot clock.
    public internal(set) var since = 0
    /// Whether it was down before it was up, so that its weight climbs.
    public internal(set) var hasReturned = false
    /// The share of the weight that a `command` check gives, of `ProberProtocol.wholeWeight`; `nil`: all of it.
    public internal(set) var share: UInt8?
    /// Why the last probe that failed did; `nil`: nothing speaks against it.
    public internal(set) var reason: String?
    /// Microseconds that the last probe took.
    public internal(set) var latency: Int?
    /// How many probes have failed since the target was added.
    public internal(set) var failures = 0
    /// The instances behind the target, with the sections that check them.
    public internal(set) var users: [User: Int] = [:]
    /// The virtual services that it concerns.
    var services: [IPVS.ServiceIdentity: Int] = [:]

    /// An instance and a section of the export.
    public struct User: Sendable, Hashable, Comparable {
        public let service: String
        public let section: String

        public static func < (a: Self, b: Self) -> Bool { (a.service, a.section) < (b.service, b.section) }
    }

    init(id: UInt64) { self.id = id }

    /// Why it is down, in words.
    public var failure: String { reason ?? "the check failed" }

    /// Whether there is more to say than that it is up.
    var isNotable: Bool { verdict != .up || hasReturned || share != nil }
}
