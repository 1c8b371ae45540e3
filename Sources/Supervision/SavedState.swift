package import JSON
import Text

/// What a master finds in the state file of the one before it.
package struct SavedState: Sendable, Equatable {
    /// The longest file that is read, in bytes.
    package static let longest = 262_144

    package struct Place: Sendable, Equatable {
        package let number: Int
        package let restarts: Int
        package let failures: Int
        package let lastEnd: LastEnd?
        /// In milliseconds of CLOCK_MONOTONIC.
        package let nextStart: Int?
    }

    package struct Process: Sendable, Equatable {
        package let number: Int
        package let process: ProcessIdentity
        package let generation: Int
        package let phase: Worker.Phase
        /// Wall-clock seconds.
        package let since: Int
        /// In milliseconds of CLOCK_MONOTONIC.
        package let phaseAt: Int
        package let startedAt: Int
        package let readyAt: Int?
        package let status: String
        package let saysHello: Bool
        package let takesConfiguration: Bool
    }

    package let boot: String
    package let generation: Int
    package let wasReloading: Bool
    package let wasStopping: Bool
    package let lastReload: ReloadResult?
    package let crashesDropped: Int
    /// What the configuration file was: see `Supervisor.state`.
    package let configuration: String?
    package let places: [Place]
    /// The processes that have a place, and those that leave one.
    package let workers: [Process]

    /// `nil` if the value is no state file that this version understands.
    package init?(_ value: JSONValue) {
        guard value["master"]?.integer == 1, let boot = value["boot"]?.string,
            let generation = value["generation"]?.integer, case .array(let entries)? = value["workers"]
        else { return nil }
        self.boot = boot
        self.generation = generation
        let phase = (value["phase"]?.string).flatMap(Supervisor.Phase.init)
        wasReloading = phase == .reloading
        wasStopping = phase == .stopping
        lastReload = value["reload"].flatMap { reload in
            reload["moment"]?.integer.map { ReloadResult(at: $0, problem: reload["problem"]?.string) }
        }
        crashesDropped = value["crashesDropped"]?.integer ?? 0
        configuration = value["configuration"]?.string
        places = entries.compactMap { entry in
            guard let number = entry["worker"]?.integer else { return nil }
            let end = entry["lastEnd"]
            let kind = (end?["kind"]?.string).flatMap(LastEnd.Kind.init)
            return Place(
                number: number, restarts: entry["restarts"]?.integer ?? 0, failures: entry["failures"]?.integer ?? 0,
                lastEnd: kind.map {
                    LastEnd(
                        at: end?["moment"]?.integer ?? 0, kind: $0, code: end?["code"]?.integer,
                        reason: end?["reason"]?.string,
                        left: end?["left"]?.integer ?? 0)
                },
                nextStart: entry["nextStart"]?.integer)
        }
        var processes = entries
        if case .array(let others)? = value["others"] { processes += others }
        workers = processes.compactMap { Self.process($0) }
    }

    private static func process(_ entry: JSONValue) -> Process? {
        guard let number = entry["worker"]?.integer, let pid = entry["pid"]?.integer,
            let start = entry["start"]?.integer, let generation = entry["generation"]?.integer,
            let phase = (entry["state"]?.string).flatMap(Worker.Phase.init), let moments = entry["moments"]
        else { return nil }
        return Process(
            number: number, process: ProcessIdentity(pid: pid, start: start), generation: generation, phase: phase,
            since: moments["since"]?.integer ?? 0, phaseAt: moments["phase"]?.integer ?? 0,
            startedAt: moments["started"]?.integer ?? 0, readyAt: moments["ready"]?.integer,
            status: entry["status"]?.string ?? "", saysHello: entry["hello"] != nil,
            takesConfiguration: entry["hello"]?.string.map { $0.isExactly("config") } ?? false)
    }
}
