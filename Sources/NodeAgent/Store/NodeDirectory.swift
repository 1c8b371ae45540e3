import Glibc
package import ServiceSupport
import SystemPackage
import Text
import Versions

/// The directories of a node: one for each service, and `node` for what the agent keeps. No service is called `node`: its
/// name has an index.
package struct NodeDirectory: Sendable {
    package let root: String

    package init(_ root: String) { self.root = root }

    /// What the agent keeps: assignments, manifests, blobs, states of processes.
    package var own: String { "\(root)/node" }
    package var lock: String { "\(own)/lock" }
    /// The last report, for `portcullis-node status`.
    package var report: String { "\(own)/report.json" }
    package var assignments: String { "\(own)/assignments.json" }
    var users: String { "\(own)/users" }
    var store: String { "\(own)/store" }
    var manifests: String { "\(own)/manifests" }

    /// What builds have while they run, by the identifier of the job.
    var builds: String { "\(own)/builds" }

    /// What is kept of crashes, by their identifiers.
    var crashes: String { "\(own)/crashes" }
    /// What gdb carries out; who runs gdb as another user must be able to read it.
    var dumpScript: String { "\(crashes)/dump.py" }
    /// The socket by which masters say that they have noted a crash.
    package var crashSignal: String { "\(own)/run/crash" }
    /// Where the master of a service notes crashes.
    func notes(of service: String) -> String { "\(master(of: service))/crashes" }

    package func folder(of service: String) -> String { "\(root)/\(service)" }

    func process(of service: String) -> ServiceProcess {
        ServiceProcess(directory: "\(own)/run/\(service)", log: "\(own)/run/\(service)/output")
    }

    /// Where the master of a service writes its log. It belongs to the service's user.
    func logFolder(of service: String) -> String { "\(own)/log/\(service)" }

    /// The log of a service. One that was last started by an earlier node has no folder for it.
    func log(of service: String) -> ServiceLogFiles {
        let folder = logFolder(of: service)
        var status = stat()
        guard lstat(folder, &status) == 0 else {
            return ServiceLogFiles(path: "\(own)/log/\(service).log", isMasters: false)
        }
        return ServiceLogFiles(path: "\(folder)/log", isMasters: true)
    }

    /// Up to where the log target has taken the logs.
    var logTarget: String { "\(own)/log-target" }

    /// The services that have a log. Cost: the names are read.
    var logged: Set<String> {
        Set(
            Files.names(in: "\(own)/log").map { name in
                name.hasByteSuffix(".log") ? String(Substring(name.utf8.dropLast(".log".utf8.count))) : name
            }.filter { ServiceFolder.isService($0) })
    }

    /// Where the master of a service keeps its state. It belongs to the service's user.
    package func master(of service: String) -> String { "\(own)/run/\(service)/master" }

    /// The configuration that the master of a service gets from ADMIN.
    func configuration(of service: String) -> String { "\(master(of: service))/config.yaml" }
    /// The token by which a service and its master ask ADMIN.
    func token(of service: String) -> String { "\(folder(of: service))/token" }
    /// Where the master says that ADMIN refuses that token.
    func refusedToken(of service: String) -> String { "\(master(of: service))/token-refused" }

    func process(ofJob id: String) -> ServiceProcess {
        ServiceProcess(directory: "\(own)/jobs/\(id)", log: "\(own)/jobs/\(id)/output")
    }

    /// Makes the directories that there must be.
    package func prepare() throws(FileError) {
        for path in ["run", "log", "manifests", "jobs", "builds", "crashes"] {
            try Folder.make("\(own)/\(path)", mode: 0o755)
        }
    }

    /// The services that have a directory. Cost: the names are read.
    package var services: [String] { Files.names(in: root).filter { ServiceFolder.isService($0) } }
}

extension ServiceFolder {
    static func isService(_ name: String) -> Bool { AssignedName.type(of: name) != nil }
}

/// Prevents a second agent in the same directory. The lock ends with the process.
package final class NodeLock: Sendable {
    private let descriptor: Int32

    /// - Throws: that another agent runs.
    package init(_ directory: NodeDirectory) throws(FileError) {
        let path = directory.lock
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileError("lock", path, errno: Errno(rawValue: errno)) }
        var attempts = 0
        // Those who look whether it is held take it for a moment.
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK, attempts < 25 else {
                let code = errno
                close(descriptor)
                throw FileError(
                    "lock", path, errno: Errno(rawValue: code),
                    reason: code == EWOULDBLOCK ? "another portcullis-node runs with this directory" : nil)
            }
            attempts += 1
            usleep(10_000)
        }
    }

    deinit { close(descriptor) }

    /// Whether an agent runs.
    package static func isHeld(_ directory: NodeDirectory) -> Bool {
        let descriptor = open(directory.lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}
