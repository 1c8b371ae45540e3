package import AdminAPI
import Text
package import Versions

/// What there is of a service on its server, at one moment.
package struct ServiceSituation: Sendable, Hashable {
    /// The versions whose folders are complete.
    package var placed: Set<ContentDigest> = []
    package var current: ContentDigest?
    package var previous: ContentDigest?
    package var process = ProcessSituation.none
    /// What is known of the versions that matter: the assigned one, the current one and the one that runs.
    package var versions: [ContentDigest: VersionKnowledge] = [:]
    /// Why the assigned version could not be placed, and when that is tried again.
    package var placingTrouble: Trouble?
    /// Why the last step with the process failed, and when it is tried again.
    package var processTrouble: Trouble?
    /// Milliseconds on the boot clock until which ADMIN lets a service with a lease run; `nil`: ADMIN has not answered
    /// since the agent has started.
    package var leaseEnd: Int?
    /// Whether the service has a directory, or what was written down of its starts.
    package var hasDirectory = false
    /// Whether a job asks for an end of the process, if it has not ended, and for a new start without a pause.
    package var isToRestart = false

    package init() {}

    /// A step that failed.
    package struct Trouble: Sendable, Hashable {
        package var reason: String
        /// Milliseconds on the boot clock.
        package var retryAt: Int
        /// Whether the next attempt comes to the same unless keys, signatures or the agent are others.
        package var isRefusal: Bool

        package init(reason: String, retryAt: Int, isRefusal: Bool = false) {
            self.reason = reason
            self.retryAt = retryAt
            self.isRefusal = isRefusal
        }
    }
}

/// What is known of a version.
package struct VersionKnowledge: Sendable, Hashable {
    /// Whether its manifest is here and may be carried out.
    package enum Trust: Sendable, Hashable {
        /// The manifest is not here yet.
        case unknown
        /// It may be placed and started.
        case trusted
        /// It was placed when it was trusted, and may be started; it may not be placed any more, for the reason.
        case placedOnly(String)
        /// It may not be started, for the reason.
        case refused(String)
    }

    package var trust = Trust.unknown
    /// Whether its files were compared with the manifest since the agent has started, or made by it.
    package var isChecked = false
    /// What the comparison found; `nil`: nothing.
    package var alteration: String?
    /// Whether there is a program to run.
    package var isRunnable = true
    /// Milliseconds within which it must be ready.
    package var startTimeout = 60_000
    /// Directories to be made on a drive or an archive, of which the assignment names none.
    package var missingDrive: String?

    package init(trust: Trust = .unknown) { self.trust = trust }
}

/// What runs of a service.
package enum ProcessSituation: Sendable, Hashable {
    /// It has never been started, or nothing is known of it.
    case none
    case alive(LiveProcess)
    case ended(EndedProcess)
}

/// A start of a service that lives.
package struct LiveProcess: Sendable, Hashable {
    /// What names this start.
    package var instance: String
    /// `nil`: unknown; something of the service lives, and what was written down of it is lost.
    package var version: ContentDigest?
    /// Milliseconds on the boot clock.
    package var startedAt: Int
    package var readyAt: Int?
    package var isStopping = false
    /// Whether its keeper lives. Without it the service runs on, and is stopped by the agent itself.
    package var isKept = true
    package var driver = ServiceDriver.process
    /// Whether its keeper stops it at a time unless that is moved.
    package var isLeased = false
    /// Whether its main process is a master, which keeps the processes of the program.
    package var hasMaster = false
    /// How often that was ended by a signal and started again; `nil`: never.
    package var masterRestarts: MasterRestarts?
    /// What the master says of them; `nil`: nothing yet.
    package var workers: WorkersSituation?
    package var starts = StartCount()

    package init(instance: String, version: ContentDigest?, startedAt: Int, readyAt: Int? = nil) {
        self.instance = instance
        self.version = version
        self.startedAt = startedAt
        self.readyAt = readyAt
    }
}

/// A start of a service that is over.
package struct EndedProcess: Sendable, Hashable {
    /// What named this start.
    package var instance = ""
    package enum End: Sendable, Hashable {
        case exited(Int)
        case killed(signal: Int)
        /// It could not be executed.
        case failed(String)
        /// Nobody saw it: the machine was restarted, or the keeper was killed.
        case unseen
    }

    package var version: ContentDigest?
    package var end: End
    /// Whether the agent had ordered it.
    package var wasStopped = false
    /// Milliseconds on the boot clock; `nil`: in another boot.
    package var endedAt: Int?
    /// How long it had been ready, in milliseconds; `nil`: it never was.
    package var readyFor: Int?
    /// Processes that the program left behind at its end.
    package var left = 0
    /// Whether what has ended is a master.
    package var hadMaster = false
    /// Why the master has ended, as it has said itself.
    package var masterProblem: String?
    /// Whether the kernel ended processes of it since the memory of its limit was used up.
    package var isOutOfMemory = false
    /// When it was stopped since its lease was over: RFC 3339 in UTC.
    package var leaseEndedAt: String?
    package var starts = StartCount()

    package init(version: ContentDigest?, end: End, endedAt: Int?) {
        self.version = version
        self.end = end
        self.endedAt = endedAt
    }

    /// Whether the next start of the same version waits: it ended by itself, or had to be stopped before it was ready.
    var isFailure: Bool { endedAt != nil && leaseEndedAt == nil && (!wasStopped || readyFor == nil) }
}

/// How often a version was started without having been asked for.
package struct StartCount: Sendable, Hashable {
    /// Failures in a row before this start.
    package var failures = 0
    /// Starts since the version was placed, other than the first and those that were asked for.
    package var restarts = 0

    package init(failures: Int = 0, restarts: Int = 0) {
        self.failures = failures
        self.restarts = restarts
    }
}
