import FoundationEssentials
import ServiceSupport

/// What a gateway is doing. In memory its moments are seconds of the boot clock; `status.json` in the run directory has
/// them by the wall clock, for people, with a stamp that leads back.
public struct GatewayStatus: Codable, Sendable, Hashable {
    /// Is there an export in force, and does the kernel agree with it as far as is known?
    public enum State: String, Codable, Sendable, CaseIterable {
        /// No export yet.
        case waiting
        /// The kernel was last seen in agreement with the export.
        case synchronized
        /// The kernel agrees with the export in force; a newer one is held back by the guard.
        case held
        /// The export at hand could not be carried out, or not all of it.
        case failing
    }

    public enum Mode: String, Codable, Sendable {
        /// `run`
        case daemon
        /// `sync`
        case once
    }

    public struct Poll: Codable, Sendable, Hashable {
        /// Seconds of the boot clock.
        public var at: Int
        /// When one succeeded last, in seconds of the boot clock.
        public var succeededAt: Int?
        /// Why it failed; absent when it did not.
        public var error: String?
        /// The kind of failure in one word, as metrics have it: `unreachable`, `timed-out`, `wrong-digest`.
        public var fault: String?
        /// How many have failed in a row.
        public var failures = 0
    }

    public struct Export: Codable, Sendable, Hashable {
        public var etag: String
        public var rows: Int
        public var virtualServices: Int
        public var realServers: Int
        public var elements: Int
    }

    public struct Apply: Codable, Sendable, Hashable {
        public var etag: String
        /// When the kernel first agreed with it, in seconds of the boot clock.
        public var since: Int
        /// Changes that took.
        public var changes: Int
        /// Milliseconds from the export in hand to the kernel done.
        public var milliseconds: Double

        /// Milliseconds that are taken from a file: up to some thirty years.
        static let plausible = 0.0...1e12
    }

    /// An export that the guard holds back.
    public struct Held: Codable, Sendable, Hashable {
        public var etag: String
        public var reasons: [String]
        /// Seconds of the boot clock.
        public var since: Int
        public var isRejected: Bool
    }

    public struct Drain: Codable, Sendable, Hashable {
        public var service: String
        public var server: String
        /// Seconds of the boot clock.
        public var until: Int
        /// Connections, active and inactive, when they were counted last.
        public var connections: Int?
        /// Whether the whole virtual service has left the export.
        public var isWholeService: Bool
    }

    /// A step that the kernel has refused.
    public struct Failure: Codable, Sendable, Hashable {
        public var error: String
        /// Seconds of the boot clock.
        public var since: Int
        public var attempts: Int
        /// When it is tried again, in seconds of the boot clock.
        public var retryAt: Int
    }

    /// What others have changed of ours, and was put right.
    public struct Drift: Codable, Sendable, Hashable {
        /// Steps that were needed, since the daemon started.
        public var repairs = 0
        /// Seconds of the boot clock.
        public var lastAt: Int?
        /// The steps of the last repair, the first few.
        public var last: [String] = []
    }

    public var name: String
    public var location: String?
    public var role: String
    public var mode: Mode
    public var process: Int32
    public var startedAt: Int
    public var state = State.waiting
    public var poll: Poll?
    public var export: Export?
    public var applied: Apply?
    public var held: Held?
    public var drains: [Drain] = []
    /// The first few; `failureCount` has them all.
    public var failures: [Failure] = []
    public var failureCount = 0
    /// Why the kernel did not converge to the desired state.
    public var errors: [String] = []
    /// What else an operator should know of: the disk, settings of the machine.
    public var problems: [String] = []
    public var drift = Drift()
    /// Settings of the machine that stop packets, or would lose connections, and that are not ours to change.
    public var settings: [SettingDeviation] = []
    /// Virtual services of others on our public addresses.
    public var foreignServices: [String] = []
    /// Public addresses of the export that this machine does not have.
    public var missingAddresses: [String] = []
    /// The kernel's threads that carry connections over, as the role wants them: `master on eth1, id 1`.
    public var syncDaemons: [String] = []

    /// Of a status from the file: when it was written, and how the file's wall times lead back to the boot clock.
    var clock: ClockStamp?

    init(name: String, location: String?, role: String, mode: Mode, process: Int32, startedAt: Int) {
        self.name = name
        self.location = location
        self.role = role
        self.mode = mode
        self.process = process
        self.startedAt = startedAt
    }

    /// `status.json`, written now.
    func json(at now: ClockReading) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(byWallClock(at: now))).map { Array($0) + [0x0A] } ?? []
    }

    /// Reads the status file of a run directory; `nil` when no daemon has written one.
    public static func load(runDirectory: String, at now: ClockReading) throws -> (status: Self, json: [UInt8])? {
        let path = runDirectory + "/status.json"
        guard let bytes = try Files.read(path) else { return nil }
        var status: Self
        do throws(LayoutError) {
            status = try LayoutError.decode(Self.self, from: bytes)
        } catch {
            throw FileError("read", path, reason: error.description)
        }
        // Absent in files of earlier versions.
        let clock = status.clock ?? ClockStamp(now)
        guard clock.isPlausible, status.moments.allSatisfy(ClockStamp.plausible.contains) else {
            throw FileError("read", path, reason: "a time in it is out of range")
        }
        guard status.applied.map({ Apply.plausible.contains($0.milliseconds) }) ?? true else {
            throw FileError("read", path, reason: "what the export took is no time")
        }
        status.moveMoments(by: clock.offsetToBoot(now))
        return (status, bytes)
    }

    /// Takes the files away that tell of a gateway.
    public static func remove(runDirectory: String) {
        for name in ["status.json", "metrics.prom"] { Files.remove("\(runDirectory)/\(name)") }
    }

    /// Why what the file says no longer holds; `nil`: it does.
    /// - Parameters:
    ///   - isRunning: whether a daemon holds the lock of the run directory.
    ///   - patience: seconds between two polls at most.
    public func staleness(isRunning: Bool, now: Int, patience: Int) -> String? {
        guard mode == .daemon else { return nil }
        guard isRunning else { return "the daemon does not run: this is what it said last" }
        let last = max(poll?.at ?? startedAt, startedAt)
        guard now - last > patience else { return nil }
        return "the last poll here is \(now - last) s old: the daemon hangs, or cannot write status.json "
            + "(check tells which)"
    }
}
