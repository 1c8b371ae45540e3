import AdminAPI
import Foundation
import Glibc
import ServiceSupport
import Text

extension ServerReport {
    /// A report with what is known of the machine alone.
    static func ofMachine(program: String, _ configuration: NodeConfiguration) -> ServerReport {
        var report = ServerReport(program: program, applied: nil, bootedAt: bootTime)
        var loads = [0.0, 0.0, 0.0]
        if getloadavg(&loads, 3) > 0 { report.load = (loads[0] * 100).rounded() / 100 }
        let text = String(decoding: (try? Files.read("/proc/meminfo")).flatMap { $0 } ?? [], as: UTF8.self)
        report.memory = amount("MemTotal:", in: text)
        report.freeMemory = amount("MemAvailable:", in: text)
        report.drives["root"] = drive(configuration.root, isMounted: true)
        for (name, path) in configuration.drives.sorted(by: { $0.key < $1.key }).prefix(Limits.serverDrives) {
            report.drives[name] = drive(path, isMounted: Drive.isMounted(path))
        }
        report.builds = configuration.builds.keys.sorted().map(\.wrappedValue)
        return report
    }

    private static let bootTime: String = {
        var (boot, wall) = (timespec(), timespec())
        clock_gettime(CLOCK_BOOTTIME, &boot)
        clock_gettime(CLOCK_REALTIME, &wall)
        return Date(timeIntervalSince1970: Double(wall.tv_sec - boot.tv_sec)).formatted(.iso8601)
    }()

    private static func amount(_ name: String, in text: String) -> Int {
        for line in text.splitBytes("\n") where line.hasBytePrefix(name) {
            return line.splitBytes(" ").compactMap { Int($0) }.first.map { $0 * 1_024 } ?? 0
        }
        return 0
    }

    private static func drive(_ path: String, isMounted: Bool) -> DriveReport {
        var space = statvfs()
        guard isMounted, statvfs(path, &space) == 0 else {
            return DriveReport(path: path, isMounted: false, size: 0, free: 0)
        }
        let block = Int(space.f_frsize)
        return DriveReport(
            path: path, isMounted: true, size: Int(space.f_blocks) * block, free: Int(space.f_bavail) * block)
    }
}
