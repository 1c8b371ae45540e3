import Glibc
import ServiceSupport
import Text
import Versions

/// What a build has on the disk while it runs: a directory for temporary files, and a store for the version. It is removed
/// at the end; what an agent that was killed has left, the next one removes.
struct BuildWork: Sendable {
    let path: String

    init(_ id: String, _ directory: NodeDirectory) { path = "\(directory.builds)/\(id)" }

    var temporary: String { "\(path)/tmp" }
    var store: String { "\(path)/store" }

    /// Makes the directories. That for temporary files belongs to the user.
    func make(for user: ServiceUser?) throws(FileError) {
        try Folder.make(path, mode: 0o711)
        try Folder.make(temporary, mode: 0o700)
        if let user, chown(temporary, user.user, user.group) != 0 { throw FileError(path: temporary, errno: errno) }
    }

    func remove() throws(FileError) {
        guard let slash = path.lastByte("/") else { return }
        _ = try Directory.open(Folder.parent(of: path)).removeAll(String(path[path.index(after: slash)...]))
    }

    /// Seconds that a build has to end by itself.
    static let stopTimeout = 5

    /// Ends all that runs of a build: it is asked first, and killed some seconds later. Blocks until then.
    static func stop(_ process: ServiceProcess) {
        guard case .alive(let running) = process.situation else { return }
        process.stop(instance: running.instance)
        // The keeper needs a moment of its own after the time.
        for _ in 0..<(running.isKept ? (stopTimeout + 2) * 50 : 0) {
            usleep(20_000)
            guard case .alive = process.situation else { return }
        }
        process.end(instance: running.instance, signal: SIGKILL, isLast: true)
    }

    /// Ends the builds that an agent before has left, and removes what they have made. Blocks until they have ended.
    static func clear(_ directory: NodeDirectory) throws(FileError) {
        for id in Files.names(in: directory.builds) {
            stop(directory.process(ofJob: id))
            try BuildWork(id, directory).remove()
        }
    }
}
