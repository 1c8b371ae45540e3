import CFiles
import Glibc
import ServiceSupport
import Text

/// Looks at processes and signals them. A process is never taken for a later one of the same number.
enum ProcessTable {
    /// The kernel's identifier of this boot.
    static let bootID: String = {
        let bytes = (try? Files.read("/proc/sys/kernel/random/boot_id")).flatMap { $0 } ?? []
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }()

    /// Milliseconds on the boot clock.
    static var bootMilliseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    /// Whether the process lives. One that has ended and was not waited for does not.
    static func lives(_ identity: KeeperRecord.ProcessIdentity) -> Bool {
        guard let bytes = (try? Files.read("/proc/\(identity.process)/stat")).flatMap({ $0 }),
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return false }
        // Field 3 is the state, field 22 the start.
        let fields = bytes[(end + 1)...].split(separator: 0x20)
        guard fields.count > 19, let start = UInt64(String(decoding: fields[19], as: UTF8.self)) else { return false }
        let state = fields[0].first
        return start == identity.start && state != UInt8(ascii: "Z") && state != UInt8(ascii: "X")
    }

    /// The thread that uses a processor, of a process that has stopped answering; `nil`: all of them wait for something.
    /// Cost: its threads.
    static func busyThread(of process: Int32) -> Int? {
        Files.names(in: "/proc/\(process)/task").compactMap { Int($0) }.sorted().first { thread in
            guard let bytes = (try? Files.read("/proc/\(process)/task/\(thread)/stat")).flatMap({ $0 }),
                let end = bytes.lastIndex(of: UInt8(ascii: ")"))
            else { return false }
            return bytes[(end + 1)...].first { $0 != 0x20 } == UInt8(ascii: "R")
        }
    }

    /// Sends a signal to the process if it is still the same. Returns whether it was sent.
    @discardableResult
    static func signal(_ identity: KeeperRecord.ProcessIdentity, _ number: Int32) -> Bool {
        // From here on the descriptor names this process, whatever becomes of the number.
        let descriptor = portcullis_pidfd_open(identity.process)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard lives(identity) else { return false }
        return portcullis_pidfd_signal(descriptor, number) == 0
    }

    /// Sends a signal to all processes that have the file open. Cost: all descriptors that this process may see.
    static func signalHolders(of path: String, _ number: Int32) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        for name in Files.names(in: "/proc") {
            guard let process = Int32(name), process != getpid() else { continue }
            let descriptor = portcullis_pidfd_open(process)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            let isHolder = Files.names(in: "/proc/\(process)/fd").contains { file in
                var other = stat()
                return stat("/proc/\(process)/fd/\(file)", &other) == 0 && other.st_ino == status.st_ino
                    && other.st_dev == status.st_dev
            }
            if isHolder { _ = portcullis_pidfd_signal(descriptor, number) }
        }
    }
}
