import Glibc
import ServiceSupport
import Systemd
import Text

/// Starts keepers as units of systemd.
struct UnitLaunch: Sendable {
    let unit: ServiceUnit
    let manager = SystemdManager()

    /// Milliseconds that an earlier unit of the name may take to be gone, and that a new one may take to begin.
    private static let longest = 30_000

    /// Starts the unit whose keeper carries out the order, which must be written already. When it returns, the program
    /// runs or has ended by itself.
    ///
    /// - Throws: why nothing was started, in words.
    func start(_ instance: String, of process: ServiceProcess) throws(LaunchError) {
        let deadline = ProcessTable.bootMilliseconds + Self.longest
        try make(of: process, until: deadline)
        try wait(for: instance, of: process, until: deadline)
    }

    private func make(of process: ServiceProcess, until deadline: Int) throws(LaunchError) {
        while true {
            do throws(SystemdError) {
                return try manager.start(transient: unit.name, unit.properties)
            } catch {
                guard error.isUnitThere else { throw LaunchError("\(unit.name): \(error)") }
            }
            // The keeper has ended, and systemd is about to notice. Or an earlier agent was killed in the middle of a start.
            if case .alive = process.situation { throw LaunchError("\(unit.name) runs already") }
            guard ProcessTable.bootMilliseconds < deadline else {
                throw LaunchError("systemd still has \(unit.name), and nothing of the service lives")
            }
            usleep(20_000)
        }
    }

    private func wait(
        for instance: String, of process: ServiceProcess, until deadline: Int
    ) throws(LaunchError) {
        var looks = 0
        while true {
            if try hasBegun(instance, process) { return }
            looks += 1
            if looks.isMultiple(of: 20), let isThere = try? manager.isLoaded(unit.name), !isThere {
                if try hasBegun(instance, process) { return }
                throw LaunchError("systemd could not start it: journalctl -u \(unit.name) says why")
            }
            guard ProcessTable.bootMilliseconds < deadline else {
                throw LaunchError("\(unit.name) did not begin within \(Self.longest / 1_000) s")
            }
            usleep(5_000)
        }
    }

    private func hasBegun(_ instance: String, _ process: ServiceProcess) throws(LaunchError) -> Bool {
        guard let record = process.record, record.instance.isExactly(instance) else { return false }
        if record.ended != nil, case .failed(let reason) = record.end { throw LaunchError(reason) }
        return record.started != nil
    }
}
