import Cloud
import Glibc
import ServiceSupport
import Text
import Versions

/// Starts a service of a version that is placed.
struct ServiceStart: Sendable {
    let name: String
    let digest: ContentDigest
    let facts: ManifestFacts
    let drive: String?
    let context: NodeContext
    /// `nil`: it runs on without ADMIN.
    var lease: ServiceLease?

    func run(_ count: StartCount) throws {
        guard let run = facts.run else { return }
        let user = try context.users.user(of: name, named: facts.user)
        let directories = try makeDirectories(user)
        let process = context.directory.process(of: name)
        try Folder.make(process.directory, mode: 0o755)
        var launch = launch(run.command, user)
        launch.note = count.note
        launch.environment += run.environment.map { ($0.name, $0.value) }
        launch.stopSignal = run.stopSignal.number
        launch.stopTimeout = run.stopTimeout
        switch run.ready {
        case .notify:
            launch.ready = "notify"
            launch.environment.append(("NOTIFY_SOCKET", "\(process.directory)/notify"))
        case .port(let port): launch.ready = "port:\(port)"
        case .time(let seconds): launch.ready = "time:\(seconds * 1_000)"
        }
        launch.lease = lease
        switch context.driver {
        case .process: try launch.start(keeper: context.keeper)
        case .systemd:
            // Those of the cgroup count all of the service.
            launch.limits = []
            try launch.start(keeper: context.keeper, writable: directories, limits: facts.limits)
        }
    }

    /// How a program of the version is started, but for its environment and its end.
    func launch(_ command: [String], _ user: ServiceUser?) -> KeeperLaunch {
        let folder = context.directory.folder(of: name)
        let work = "\(folder)/versions/\(digest)"
        var words = command
        // What it was started from stays what it was when `current` leads elsewhere.
        if let program = words.first, !program.hasBytePrefix("/") { words[0] = "\(work)/\(program)" }
        var environment: [(name: String, value: String)] = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8"), ("HOME", folder),
            ("PORTCULLIS_SERVICE", name), ("PORTCULLIS_DIRECTORY", folder),
        ]
        let configuration = "\(folder)/config.yaml"
        if access(configuration, F_OK) == 0 { environment.append(("PORTCULLIS_CONFIG", configuration)) }
        return KeeperLaunch(
            service: name, process: context.directory.process(of: name), instance: KeeperLaunch.newInstance(),
            version: "\(digest)",
            work: work, words: words, environment: environment, user: user, limits: limits(user))
    }

    /// Limits that the kernel has for a single process. The number of processes is counted by user, so it is set only for
    /// a user that no other service has.
    private func limits(_ user: ServiceUser?) -> [(name: String, value: Int)] {
        var limits: [(name: String, value: Int)] = []
        if let files = facts.limits?.openFiles { limits.append(("open-files", files)) }
        if let memory = facts.limits?.memory { limits.append(("data", memory)) }
        if let processes = facts.limits?.processes, user != nil, facts.user == nil {
            limits.append(("processes", processes))
        }
        return limits
    }

    // MARK: Directories

    /// Makes the directories of the manifest. Returns where they are.
    private func makeDirectories(_ user: ServiceUser?) throws -> [String] {
        let root = context.directory.folder(of: name)
        let folder = try Directory.open(root)
        var paths: [String] = []
        for directory in facts.directories {
            guard let storage = directory.storage else {
                try make(directory.path, in: folder, user)
                paths.append("\(root)/\(directory.path)")
                continue
            }
            let drive = try Drive.path(for: storage, drive, context.configuration)
            let there = "\(drive)/portcullis/\(name)"
            try Folder.make(there, mode: 0o755)
            try make(directory.path, in: try Directory.open(there), user)
            try link(directory.path, to: "\(there)/\(directory.path)", in: folder)
            paths.append("\(there)/\(directory.path)")
        }
        return paths
    }

    private func make(_ path: String, in folder: Directory, _ user: ServiceUser?) throws {
        var folder = folder
        for part in path.splitBytes("/") {
            let isNew = try !folder.has(String(part))
            folder = try folder.directory(making: String(part), mode: 0o750)
            if isNew, let user, chown(folder.path, user.user, user.group) != 0 {
                throw FileError(path: folder.path, errno: errno)
            }
        }
    }

    private func link(_ path: String, to target: String, in folder: Directory) throws {
        var folder = folder
        let parts = path.splitBytes("/").map(String.init)
        for part in parts.dropLast() { folder = try folder.directory(making: part, mode: 0o755) }
        let last = parts[parts.count - 1]
        if let found = try folder.target(last) {
            guard found.isExactly(target) else {
                throw FileError(
                    path: folder.path(last),
                    reason: "leads to \(found.printable), and should lead to \(target.printable)")
            }
            return
        }
        guard try !folder.has(last) else {
            throw FileError(path: folder.path(last), reason: "is there, and should lead to \(target.printable)")
        }
        guard symlink(target, folder.path(last)) == 0 else { throw FileError(path: folder.path(last), errno: errno) }
    }
}

extension StopSignal {
    var number: Int32 {
        switch self {
        case .term: SIGTERM
        case .int: SIGINT
        case .quit: SIGQUIT
        case .hup: SIGHUP
        case .usr1: SIGUSR1
        case .usr2: SIGUSR2
        case .winch: SIGWINCH
        }
    }
}
