import Glibc
import Supervision
import Text

/// What /proc says of processes.
enum ProcessTable {
    /// The parent of a process, and when it was started in ticks since the boot; `nil` if there is none.
    static func status(_ process: pid_t) -> (parent: pid_t, start: Int)? {
        guard let bytes = FileBytes.read("/proc/\(process)/stat", limit: 4_096),
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // From the third field on.
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).splitBytes(" ", omittingEmpty: true)
        guard fields.count > 19, let parent = pid_t(fields[1]), let start = Int(fields[19]) else { return nil }
        return (parent, start)
    }

    /// The process of a pidfd; `nil` if it has ended.
    static func process(ofDescriptor descriptor: Int32) -> pid_t? {
        guard let bytes = FileBytes.read("/proc/self/fdinfo/\(descriptor)", limit: 4_096) else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).splitBytes("\n") where line.hasBytePrefix("Pid:") {
            guard let number = pid_t(line.splitBytes("\t").last ?? ""), number > 0 else { return nil }
            return number
        }
        return nil
    }

    /// The value of a variable in the environment with which a process became its program.
    static func variables(_ process: pid_t) -> [String] {
        guard let bytes = FileBytes.read("/proc/\(process)/environ", limit: 1 << 20) else { return [] }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The children of a process but this one. Walks all processes of the machine.
    static func children(of parent: pid_t) -> [pid_t] {
        all.filter { $0 != getpid() && status($0)?.parent == parent }
    }

    /// The processes of a group that live, but its leader. Walks all processes of the machine.
    static func members(ofGroup group: pid_t) -> [pid_t] {
        all.filter { $0 != group && getpgid($0) == group && !variables($0).isEmpty }
    }

    private static var all: [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var found: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let process = pid_t(name) { found.append(process) }
        }
        return found
    }

    /// What tells this boot from others.
    static var boot: String {
        guard let bytes = FileBytes.read("/proc/sys/kernel/random/boot_id", limit: 64) else { return "" }
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }

    /// The open descriptors of this process.
    static var descriptors: [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name), number != dirfd(folder) { found.append(number) }
        }
        return found
    }
}
