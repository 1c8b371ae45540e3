public import Netlink
import ServiceSupport
import SystemPackage

extension Kernel {
    /// Corrects the wrong settings that Portcullis may change.
    /// - Returns: the changes, and the settings that are still wrong because Portcullis may not change them or the
    ///   kernel refused.
    public func bringIntoLine(
        _ requirements: [SettingRequirement]
    ) throws(NetlinkError) -> (steps: [SettingStep], deviations: [SettingDeviation]) {
        var (steps, deviations) = SettingRequirement.compare(requirements, with: try settings(of: requirements))
        var done = [SettingStep]()
        for step in steps {
            do throws(NetlinkError) {
                try apply(step)
                done.append(step)
            } catch {
                guard let requirement = requirements.first(where: { $0.setting == step.setting }) else { continue }
                deviations.append(requirement.deviation("\(step.found) (\(error))"))
            }
        }
        steps = done
        return (steps, deviations)
    }

    /// Reads the settings that the requirements are about.
    public func settings(of requirements: [SettingRequirement]) throws(NetlinkError) -> KernelSettings {
        let names = requirements.compactMap { if case .sysctl(let name) = $0.setting { name } else { nil } }
        // If all of them are sysctls, IPVS is not asked.
        return KernelSettings(
            sysctls: try sysctls(names), timeouts: names.count < requirements.count ? try timeouts() : IPVS.Timeouts())
    }
}

/// Access to sysctls as files. /proc/sys shows the values of the reader's network namespace.
enum SysctlFiles {
    /// Values by name, with each run of white space replaced by one space. Sysctls that the kernel does not have are
    /// absent.
    static func read(_ names: [String]) -> [String: String] {
        names.reduce(into: [:]) { values, name in
            guard let bytes = try? Files.read(path(name), limit: 1 << 16) else { return }
            // exact: the kernel writes numbers
            values[name] = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
        }
    }

    static func write(_ name: String, _ value: String) throws(NetlinkError) {
        do {
            let file = try FileDescriptor.open(FilePath(path(name)), .writeOnly, options: .closeOnExec)
            try file.closeAfter { _ = try file.writeAll(value.utf8) }
        } catch {
            throw NetlinkError(code: .refused, errno: error as? Errno, command: "set \(name)=\(value)")
        }
    }

    // exact: names of settings are ours
    private static func path(_ name: String) -> String { "/proc/sys/" + String(name.map { $0 == "." ? "/" : $0 }) }
}
