import Glibc
import Systemd
import Text

extension DriverChoice.Machine {
    /// This machine. systemd is asked only where its answer matters.
    static func own(_ setting: DriverSetting) -> DriverChoice.Machine {
        var machine = DriverChoice.Machine(isRoot: geteuid() == 0, isBooted: SystemdManager.isBooted)
        guard setting != .process, machine.isRoot, machine.isBooted else { return machine }
        do throws(SystemdError) { _ = try SystemdManager().version() } catch { machine.silence = "\(error)" }
        return machine
    }
}

extension DriverChoice {
    /// What is told of services that run under the other driver; `nil`: there are none.
    func problem(ofOthers names: [String]) -> String? {
        guard !names.isEmpty else { return nil }
        let other = driver == .systemd ? ServiceDriver.process : .systemd
        return "the driver is \(driver.rawValue); until they are started again \(ServiceNames.list(names)) "
            + "run under \(other.rawValue)"
    }
}

/// Names of services in a sentence.
enum ServiceNames {
    /// The first few, and how many more there are.
    static func list(_ names: [String]) -> String {
        let names = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let shown = names.prefix(3).joined(separator: ", ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
}
