public import AdminAPI
import FoundationEssentials
import GatewaySync
import Netlink
import ServiceSupport

/// What a gateway is doing. In memory its times are seconds of the boot clock. `status.json` in the run directory has
/// times of the wall clock, for people, and a stamp with which they are converted back.
public struct GatewayStatus: Codable, Sendable, Hashable {
    /// Whether an export is in force, and whether the kernel agrees with it as far as is known.
    public typealias State = GatewayReport.State

    /// How the program runs.
    public enum Mode: String, Codable, Sendable {
        /// A daemon (`run`).
        case daemon
        /// A single poll (`sync`).
        case once
    }

    /// How the polls went.
    public struct Poll: Codable, Sendable, Hashable {
        /// The time of the last poll, in seconds of the boot clock.
        public var at: Int
        /// The time of the last successful poll, in seconds of the boot clock.
        public var succeededAt: Int?
        /// Why the last poll failed; absent if it did not.
        public var error: String?
        /// The kind of failure in one word, as in the metrics: `unreachable`, `timed-out`, `wrong-digest`.
        public var fault: String?
        /// How many polls have failed in a row.
        public var failures = 0
    }

    /// The export in force.
    public struct Export: Codable, Sendable, Hashable {
        public var etag: String
        /// Rows of the export, without the header.
        public var rows: Int
        /// Virtual services in IPVS.
        public var virtualServices: Int
        /// Real servers, each once per virtual service.
        public var realServers: Int
        /// Elements of table `inet portcullis`.
        public var elements: Int
    }

    /// The export that the kernel agrees with.
    public struct Apply: Codable, Sendable, Hashable {
        /// The ETag of the export.
        public var etag: String
        /// When the kernel first agreed with it, in seconds of the boot clock.
        public var since: Int
        /// How many changes it took.
        public var changes: Int
        /// Milliseconds from the receipt of the export to the end of the changes.
        public var milliseconds: Double

        /// Milliseconds that are accepted from a file: up to about thirty years.
        static let plausible = 0.0...1e12
    }

    /// An export that the guard holds back.
    public struct Held: Codable, Sendable, Hashable {
        public var etag: String
        /// The guard's objections.
        public var reasons: [String]
        /// When it was first held back, in seconds of the boot clock.
        public var since: Int
        /// Whether an operator has rejected it.
        public var isRejected: Bool
    }

    /// A real server that waits for its connections to end.
    public struct Drain: Codable, Sendable, Hashable {
        /// The virtual service, or the port under destination NAT.
        public var service: String
        public var server: String
        /// The latest end of the wait, in seconds of the boot clock.
        public var until: Int
        /// Connections, active and inactive, as they were last counted.
        public var connections: Int?
        /// Whether the whole virtual service has left the export.
        public var isWholeService: Bool
    }

    /// The health of real servers, as far as they are checked.
    public struct Checks: Codable, Sendable, Hashable {
        /// Whether the prober is there.
        public enum Prober: String, Codable, Sendable, Hashable, CaseIterable {
            /// It is connected, and was heard lately.
            case working
            /// It is connected, but says nothing.
            case silent
            /// It is not connected.
            case gone
        }

        public var prober: Prober
        /// Whether its verdicts count. If not, servers count as ADMIN says.
        public var isInForce: Bool
        /// How many targets there are. Servers that are checked in the same way are one.
        public var targets: Int
        /// How many of them are up.
        public var up: Int
        /// How many are down; `down` has the first of them.
        public var downCount: Int
        /// How many instances are behind those that are down.
        public var downInstances: Int
        /// The targets that are down, those first that went down last.
        public var down: [Target]
        /// Until when the weights hold since too many failed at once, in seconds of the boot clock.
        public var holdsUntil: Int?
        /// What keeps the prober from probing.
        public var problem: String?
        /// Probes since the prober connected, and how many of them failed.
        public var probes: Int?
        public var failedProbes: Int?
        /// Milliseconds by which probes of the last seconds began late: the 99th percentile.
        public var lateness: Double?

        /// A target that is down.
        public struct Target: Codable, Sendable, Hashable {
            /// `10.1.0.11:8080`
            public var target: String
            /// The check as the export has it.
            public var check: String
            /// Since when, in seconds of the boot clock.
            public var since: Int
            /// Why the last probe that failed did.
            public var reason: String
            /// The instances behind it, with their sections: `pgw.1/http`. All of them, unless `down` has more than
            /// `Limits.reportedDown`.
            public var instances: [String]
            /// How many there are.
            public var instanceCount: Int
        }

        /// How many targets `down` has at most.
        static let shown = Limits.reportedDownTargets
        /// How many instances of a target are named to people.
        static let namedInstances = 20
    }

    /// A step that the kernel has refused.
    public struct Failure: Codable, Sendable, Hashable {
        /// The kernel's error, with the step.
        public var error: String
        /// When it was first refused, in seconds of the boot clock.
        public var since: Int
        /// How often it was tried.
        public var attempts: Int
        /// When it is tried again, in seconds of the boot clock.
        public var retryAt: Int
    }

    /// Changes by other programs that were repaired.
    public struct Drift: Codable, Sendable, Hashable {
        /// How many steps the repairs took since the daemon started.
        public var repairs = 0
        /// The time of the last repair, in seconds of the boot clock.
        public var lastAt: Int?
        /// The first few steps of the last repair.
        public var last: [String] = []
    }

    /// What the rules of table `inet portcullis` have done to packets, since the table was made.
    public struct Packets: Codable, Sendable, Hashable {
        /// Dropped, since no export admits them.
        public var dropped: UInt64
        /// Dropped by a limit.
        public var limited: UInt64
        /// Let through by a limit that had no room to count their source.
        public var unmetered: UInt64

        /// `nil` if a counter is missing.
        init?(_ counters: [Nftables.Counter]) {
            let packets = Dictionary(counters.map { ($0.name, $0.packets) }) { first, _ in first }
            guard let dropped = packets[PortcullisTable.droppedCounter],
                let limited = packets[PortcullisTable.limitedCounter],
                let unmetered = packets[PortcullisTable.unmeteredCounter]
            else { return nil }
            (self.dropped, self.limited, self.unmetered) = (dropped, limited, unmetered)
        }
    }

    /// The name under which the gateway reports to ADMIN.
    public var name: String
    /// The location whose export it follows; absent if the export comes from a file.
    public var location: String?
    /// The current role.
    public var role: String
    /// How the program runs.
    public var mode: Mode
    /// The process id.
    public var process: Int32
    /// When the program started, in seconds of the boot clock.
    public var startedAt: Int
    /// Whether the kernel agrees with the export in force.
    public var state = State.waiting
    /// Whether the kernel was last seen in agreement with an export, and no newer one is waiting.
    public var isSynchronized: Bool { state == .synchronized }
    /// How the polls went; absent before the first.
    public var poll: Poll?
    /// The export in force.
    public var export: Export?
    /// The export that the kernel agrees with.
    public var applied: Apply?
    /// The export that the guard holds back.
    public var held: Held?
    /// Real servers that wait for their connections to end.
    public var drains: [Drain] = []
    /// The health of real servers; absent if none is checked.
    public var checks: Checks?
    /// The first few refused steps; `failureCount` counts all.
    public var failures: [Failure] = []
    /// How many steps the kernel refuses.
    public var failureCount = 0
    /// Why the kernel did not converge to the desired state.
    public var errors: [String] = []
    /// Other problems for an operator, such as the disk or settings of the machine.
    public var problems: [String] = []
    /// Changes by other programs that were repaired.
    public var drift = Drift()
    /// Wrong settings of the machine that stop packets or lose connections, and that Portcullis may not change.
    public var settings: [SettingDeviation] = []
    /// What the rules have done to packets, as the last audit read it.
    public var packets: Packets?
    /// Virtual services on our public addresses that Portcullis did not make.
    public var foreignServices: [String] = []
    /// Public addresses of the export that this machine does not have.
    public var missingAddresses: [String] = []
    /// The kernel's sync daemons that the role needs: `master on eth1, id 1`.
    public var syncDaemons: [String] = []

    /// For a status from the file: when it was written, to convert its wall times back to the boot clock.
    var clock: ClockStamp?

    init(name: String, location: String?, role: String, mode: Mode, process: Int32, startedAt: Int) {
        self.name = name
        self.location = location
        self.role = role
        self.mode = mode
        self.process = process
        self.startedAt = startedAt
    }

    /// The content of `status.json`, written now.
    func json(at now: ClockReading) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(byWallClock(at: now))).map { Array($0) + [0x0A] } ?? []
    }

    /// Reads the status file of a run directory; `nil` if no daemon has written one.
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

    /// Removes the files that describe a gateway: status and metrics.
    public static func remove(runDirectory: String) {
        for name in ["status.json", "metrics.prom"] { Files.remove("\(runDirectory)/\(name)") }
    }

    /// Why the status in the file no longer holds; `nil` if it does.
    /// - Parameters:
    ///   - isRunning: whether a daemon holds the lock of the run directory.
    ///   - now: seconds of the boot clock.
    ///   - patience: the greatest number of seconds between two polls.
    public func staleness(isRunning: Bool, now: Int, patience: Int) -> String? {
        guard mode == .daemon else { return nil }
        guard isRunning else { return "the daemon does not run: this is what it said last" }
        let last = max(poll?.at ?? startedAt, startedAt)
        guard now - last > patience else { return nil }
        return "the last poll here is \(now - last) s old: the daemon hangs, or cannot write status.json "
            + "(check tells which)"
    }
}
