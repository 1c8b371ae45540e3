package import AdminAPI
package import Foundation
import Text
import Versions

/// What a keeper has written down of a start: its file `state`.
package struct KeeperRecord: Sendable, Hashable {
    /// A process, told from a later one of the same number by when it was started.
    package struct ProcessIdentity: Sendable, Hashable {
        package var process: Int32
        /// In the kernel's ticks since the boot.
        package var start: UInt64
    }

    /// A moment on both clocks.
    package struct Moment: Sendable, Hashable {
        /// Milliseconds on the boot clock.
        package var boot: Int
        /// Seconds since 1970.
        package var wall: Int
    }

    package var instance = ""
    package var version = ""
    /// What the agent wanted to find again.
    package var note = ""
    /// The kernel's identifier of the boot.
    package var boot = ""
    package var keeper: ProcessIdentity?
    package var main: ProcessIdentity?
    package var began: Moment?
    package var started: Moment?
    package var ready: Moment?
    package var stopping: Moment?
    package var ended: Moment?
    package var end = EndedProcess.End.unseen
    package var isExpired = false
    /// The unit of systemd that the keeper is the main process of; `nil`: it is a plain process.
    package var unit: String?
    /// Whether the keeper stops the service at a time unless that is moved.
    package var isLeased = false
    package var leaseEnded: Moment?
    /// Processes that the kernel ended since the unit's memory was used up.
    package var outOfMemory = 0
    package var left = 0
    /// How often the main process was started again after it had been killed; `nil`: it is the program itself, which is not.
    package var mainRestarts: Int?
    /// When it was last.
    package var mainRestarted: Moment?
    package var reason: String?

    /// Reads the file; `nil` if it is incomplete or something else.
    package init?(reading bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).splitBytes("\n").map(String.init)
        guard lines.count >= 3, lines[0].isExactly("keeper 1"), lines[lines.count - 1].isEmpty,
            lines[lines.count - 2].isExactly("end")
        else { return nil }
        for line in lines.dropFirst().dropLast(2) {
            let parts = line.splitBytes(" ", maxSplits: 1).map(String.init)
            guard take(parts[0], parts.count > 1 ? parts[1] : "") else { return nil }
        }
        guard !instance.utf8.isEmpty, began != nil else { return nil }
        if let reason, case .failed = end { end = .failed(reason) }
    }

    private mutating func take(_ name: String, _ text: String) -> Bool {
        switch name {
        case "instance": instance = text
        case "version": version = text
        case "note": note = text
        case "boot": boot = text
        case "keeper-process": keeper = Self.process(text)
        case "main": main = Self.process(text)
        case "began": began = Self.moment(text)
        case "started": started = Self.moment(text)
        case "ready": ready = Self.moment(text)
        case "stopping": stopping = Self.moment(text)
        case "expired": isExpired = true
        case "unit": unit = text
        case "leased": isLeased = true
        case "lease-ended": leaseEnded = Self.moment(text)
        case "out-of-memory": outOfMemory = Int(text) ?? 0
        case "main-restarts": mainRestarts = Int(text) ?? 0
        case "main-restarted": mainRestarted = Self.moment(text)
        case "left": left = Int(text) ?? 0
        case "reason": reason = text
        case "ended": return takeEnd(text)
        // A newer keeper may write more.
        default: break
        }
        return true
    }

    private mutating func takeEnd(_ text: String) -> Bool {
        let parts = text.splitBytes(" ").map(String.init)
        guard parts.count == 4, let code = Int(parts[1]), let boot = Int(parts[2]), let wall = Int(parts[3]) else {
            return false
        }
        ended = Moment(boot: boot, wall: wall)
        switch parts[0] {
        case "exited": end = .exited(code)
        case "killed": end = .killed(signal: code)
        case "failed": end = .failed("error \(code)")
        default: return false
        }
        return true
    }

    private static func process(_ text: String) -> ProcessIdentity? {
        let parts = text.splitBytes(" ")
        guard parts.count == 2, let process = Int32(parts[0]), process > 0, let start = UInt64(parts[1]), start > 0
        else { return nil }
        return ProcessIdentity(process: process, start: start)
    }

    private static func moment(_ text: String) -> Moment? {
        let parts = text.splitBytes(" ")
        guard parts.count == 2, let boot = Int(parts[0]), let wall = Int(parts[1]) else { return nil }
        return Moment(boot: boot, wall: wall)
    }
}

extension KeeperRecord {
    /// Since when a service has been in a state, as far as its keeper has written that down; `nil`: it has not.
    package func since(_ state: ServerService.State) -> Date? {
        let moment: Moment? =
            switch state {
            case .starting: began
            case .running: ready ?? started
            case .stopping: stopping
            case .stopped, .failing: ended
            case .installing, .absent: nil
            }
        return moment.map { Date(timeIntervalSince1970: Double($0.wall)) }
    }
}

extension KeeperRecord {
    /// How often the master was started again; `nil`: never, or an earlier keeper has not written down when.
    package var masterRestarts: MasterRestarts? {
        guard let count = mainRestarts, count > 0, let last = mainRestarted else { return nil }
        return MasterRestarts(
            count: min(count, Limits.reportedCount),
            last: Date(timeIntervalSince1970: Double(last.wall)).formatted(.iso8601))
    }
}

/// What of a start lives.
package struct Liveness: Sendable, Hashable {
    /// The kernel's identifier of this boot.
    package var boot: String
    /// Whether somebody holds the lock of the service.
    package var isLocked: Bool
    package var hasKeeper: Bool
    package var hasMain: Bool

    package init(boot: String, isLocked: Bool, hasKeeper: Bool, hasMain: Bool) {
        self.boot = boot
        self.isLocked = isLocked
        self.hasKeeper = hasKeeper
        self.hasMain = hasMain
    }
}

extension ProcessSituation {
    /// What runs, according to what was written down and what lives.
    package init(_ record: KeeperRecord?, _ liveness: Liveness) {
        guard let record else {
            guard liveness.isLocked else {
                self = .none
                return
            }
            var process = LiveProcess(instance: "", version: nil, startedAt: 0)
            process.isKept = false
            self = .alive(process)
            return
        }
        let isSameBoot = record.boot.isExactly(liveness.boot)
        let version = ContentDigest(record.version)
        let starts = StartCount(note: record.note)
        if liveness.isLocked || (isSameBoot && (liveness.hasMain || liveness.hasKeeper)) {
            var process = LiveProcess(
                instance: record.instance, version: version,
                startedAt: (record.started ?? record.began)?.boot ?? 0, readyAt: record.ready?.boot)
            process.isKept = isSameBoot && liveness.hasKeeper
            // At its end the keeper waits for what the program has left behind.
            process.isStopping = process.isKept && (record.stopping != nil || record.ended != nil)
            process.starts = starts
            process.hasMaster = record.mainRestarts != nil
            process.masterRestarts = record.masterRestarts
            process.isLeased = record.isLeased
            process.driver = record.unit == nil ? .process : .systemd
            if !process.isKept, !liveness.hasMain { process.version = nil }
            self = .alive(process)
            return
        }
        var process = EndedProcess(
            version: version, end: record.ended == nil ? .unseen : record.end,
            endedAt: isSameBoot ? (record.ended ?? record.ready ?? record.started ?? record.began)?.boot : nil)
        process.instance = record.instance
        process.wasStopped = record.stopping != nil
        process.readyFor = record.ready.map { max(0, (record.ended?.boot ?? $0.boot) - $0.boot) }
        process.left = record.left
        process.hadMaster = record.mainRestarts != nil
        process.isOutOfMemory = record.outOfMemory > 0
        process.leaseEndedAt = record.leaseEnded.map {
            Date(timeIntervalSince1970: Double($0.wall)).formatted(.iso8601)
        }
        process.starts = starts
        self = .ended(process)
    }
}

extension StartCount {
    /// What is handed to the keeper, to be found again.
    package var note: String { "failures=\(failures) restarts=\(restarts)" }

    package init(note: String) {
        self.init()
        for word in note.splitBytes(" ") {
            let parts = word.splitBytes("=")
            guard parts.count == 2, let number = Int(parts[1]), number >= 0 else { continue }
            if parts[0].isExactly("failures") { failures = min(number, 1_000_000) }
            if parts[0].isExactly("restarts") { restarts = min(number, 1_000_000) }
        }
    }
}
