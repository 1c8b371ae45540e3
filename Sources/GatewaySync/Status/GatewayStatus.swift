import FoundationEssentials

/// What a gateway is doing, as `status.json` in the run directory tells it.
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
        /// Seconds since 1970.
        public var at: Int
        /// When one succeeded last, in seconds since 1970.
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
        /// When the kernel first agreed with it, in seconds since 1970.
        public var since: Int
        /// Changes that took.
        public var changes: Int
        /// Milliseconds from the export in hand to the kernel done.
        public var milliseconds: Double
    }

    /// An export that the guard holds back.
    public struct Held: Codable, Sendable, Hashable {
        public var etag: String
        public var reasons: [String]
        /// Seconds since 1970.
        public var since: Int
        public var isRejected: Bool
    }

    public struct Drain: Codable, Sendable, Hashable {
        public var service: String
        public var server: String
        /// Seconds since 1970.
        public var until: Int
        /// Connections, active and inactive, when they were counted last.
        public var connections: Int?
        /// Whether the whole virtual service has left the export.
        public var isWholeService: Bool
    }

    /// A step that the kernel has refused.
    public struct Failure: Codable, Sendable, Hashable {
        public var error: String
        /// Seconds since 1970.
        public var since: Int
        public var attempts: Int
        /// When it is tried again, in seconds since 1970.
        public var retryAt: Int
    }

    /// What others have changed of ours, and was put right.
    public struct Drift: Codable, Sendable, Hashable {
        /// Steps that were needed, since the daemon started.
        public var repairs = 0
        /// Seconds since 1970.
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
    /// Why kernel and gateway could not come to an end with each other.
    public var errors: [String] = []
    /// What else an operator should know of: the disk, settings of the machine.
    public var problems: [String] = []
    public var drift = Drift()
    /// Virtual services of others on our public addresses.
    public var foreignServices: [String] = []
    /// Public addresses of the export that this machine does not have.
    public var missingAddresses: [String] = []
    /// The kernel's threads that carry connections over, as the role wants them: `master on eth1, id 1`.
    public var syncDaemons: [String] = []

    init(name: String, location: String?, role: String, mode: Mode, process: Int32, startedAt: Int) {
        self.name = name
        self.location = location
        self.role = role
        self.mode = mode
        self.process = process
        self.startedAt = startedAt
    }

    /// `status.json`
    public var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { Array($0) + [0x0A] } ?? []
    }

    /// Reads the status file of a run directory; `nil` when no daemon has written one.
    public static func load(runDirectory: String) throws -> (status: Self, json: [UInt8])? {
        guard let bytes = try Files.read(runDirectory + "/status.json") else { return nil }
        do {
            return (try JSONDecoder().decode(Self.self, from: Data(bytes)), bytes)
        } catch {
            throw FileError("read", runDirectory + "/status.json", reason: "it is not what this version writes")
        }
    }

    /// Takes the files away that tell of a gateway.
    public static func remove(runDirectory: String) {
        for name in ["status.json", "metrics.prom"] { Files.remove("\(runDirectory)/\(name)") }
    }

    /// Why what the file says no longer holds; `nil`: it does.
    /// - Parameters:
    ///   - holder: who holds the lock of the run directory.
    ///   - patience: seconds between two polls at most.
    public func staleness(holder: String?, now: Int, patience: Int) -> String? {
        guard mode == .daemon else { return nil }
        guard holder != nil else { return "the daemon does not run: this is what it said last" }
        let last = max(poll?.at ?? startedAt, startedAt)
        return now - last > patience ? "the daemon has not polled for \(now - last) s" : nil
    }
}
