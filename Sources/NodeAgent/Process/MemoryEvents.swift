import ServiceSupport
import Text

extension WorkersSituation {
    /// Tells which workers were killed since the memory of their unit was used up. Cost: two files where one was killed.
    ///
    /// - Parameter keeper: a process of the unit.
    mutating func explain(by keeper: KeeperRecord.ProcessIdentity) {
        let killed = workers.indices.filter { workers[$0].lastEnd == .killed(signal: 9) }
        guard !killed.isEmpty, MemoryEvents.kills(inGroupOf: keeper.process) > 0 else { return }
        for index in killed { workers[index].lastEnd = .outOfMemory }
    }
}

/// What the kernel says of the memory of a cgroup.
private enum MemoryEvents {
    /// How many processes of the cgroup the kernel has ended since its memory was used up; 0 if that is unknown.
    static func kills(inGroupOf process: Int32) -> Int {
        guard let group = line("0::", of: "/proc/\(process)/cgroup"),
            let count = line("oom_kill ", of: "/sys/fs/cgroup\(group)/memory.events")
        else { return 0 }
        return Int(count) ?? 0
    }

    /// What follows the beginning of a line.
    private static func line(_ beginning: String, of path: String) -> String? {
        guard let bytes = (try? Files.read(path, limit: 1 << 16)).flatMap({ $0 }) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).splitBytes("\n")
        return lines.first { $0.hasBytePrefix(beginning) }.map {
            String(Substring($0.utf8.dropFirst(beginning.utf8.count)))
        }
    }
}
