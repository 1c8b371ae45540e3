import Glibc
import ServiceSupport
import SystemPackage
import Text

/// The process of a service, or of a job, by the files that its keeper and the agent share.
struct ServiceProcess: Sendable {
    /// The directory with `lock` and `state`.
    let directory: String
    let log: String

    var lockPath: String { "\(directory)/lock" }

    /// What was written down of the last start; `nil` if there was none, or it cannot be read.
    var record: KeeperRecord? {
        guard let bytes = (try? Files.read("\(directory)/state", limit: 1 << 16)).flatMap({ $0 }) else { return nil }
        return KeeperRecord(reading: bytes)
    }

    /// Tells the file of `record` from the next one.
    var stateIdentity: Files.Identity? { Files.identity(of: "\(directory)/state") }

    /// What runs now.
    var situation: ProcessSituation {
        // The lock first: a keeper writes the end down before it lets go of the lock.
        let isLocked = isLocked
        let record = record
        return ProcessSituation(
            record,
            Liveness(
                boot: ProcessTable.bootID, isLocked: isLocked,
                hasKeeper: record?.keeper.map(ProcessTable.lives) ?? false,
                hasMain: record?.main.map(ProcessTable.lives) ?? false))
    }

    /// Whether anything of the service holds its lock.
    private var isLocked: Bool {
        let descriptor = open(lockPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Asks the keeper to stop the service.
    func stop(instance: String) {
        guard let record, record.instance.isExactly(instance), let keeper = record.keeper else { return }
        ProcessTable.signal(keeper, SIGTERM)
    }

    /// Tells the keeper when the service's lease ends.
    ///
    /// - Parameter end: milliseconds on the boot clock; `nil`: it has none.
    /// - Returns: whether the keeper gets it.
    func renewLease(of instance: String, until end: Int?) -> Bool {
        // By a descriptor, since the path may be longer than that of a socket may be.
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return DatagramSocket("/proc/self/fd/\(descriptor)/lease")?
            .send(Array("\(instance) \(end ?? 0)".utf8), isPatient: false) ?? false
    }

    /// Ends processes that have no keeper any more.
    ///
    /// - Parameters:
    ///   - isLast: whether the time for an end of their own is over.
    func end(instance: String, signal number: Int32, isLast: Bool) {
        if let record, record.instance.isExactly(instance) || instance.isEmpty, let main = record.main {
            ProcessTable.signal(main, isLast ? SIGKILL : number)
        }
        if isLast { ProcessTable.signalHolders(of: lockPath, SIGKILL) }
    }

    /// Keeps the log below a size: what is in it is copied to `.1`, older ones are renamed, and it is emptied. Lines that
    /// are written between the copy and the emptying are lost.
    func rotateLog(limit: Int, kept: Int) throws(FileError) {
        guard let identity = Files.identity(of: log), identity.size > limit else { return }
        for number in stride(from: kept - 1, through: 1, by: -1) {
            _ = Files.rename("\(log).\(number)", to: "\(log).\(number + 1)")
        }
        do {
            let source = try FileDescriptor.open(FilePath(log), .readWrite, options: [.closeOnExec, .noFollow])
            try source.closeAfter {
                let copy = try FileDescriptor.open(
                    FilePath("\(log).1"), .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow],
                    permissions: [.ownerReadWrite, .groupRead])
                try copy.closeAfter {
                    var chunk = [UInt8](repeating: 0, count: 1 << 18)
                    while case let count = try chunk.withUnsafeMutableBytes({ try source.read(into: $0) }), count > 0 {
                        try copy.writeAll(chunk[..<count])
                    }
                }
                // The service appends, so it goes on at the new end.
                guard ftruncate(source.rawValue, 0) == 0 else { throw Errno(rawValue: errno) }
            }
        } catch {
            throw FileError("rotate", log, errno: error as? Errno)
        }
    }
}
