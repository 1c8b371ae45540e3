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

    /// Makes the directory of the master, to whose owner the service's token belongs.
    func prepare() throws {
        guard facts.run != nil else { return }
        try Folder.make(context.directory.process(of: name).directory, mode: 0o755)
        try makeMasterDirectory(try context.users.user(of: name, named: facts.user))
    }

    /// Starts it; `prepare` comes first.
    func run(_ count: StartCount) throws {
        guard let run = facts.run else { return }
        let user = try context.users.user(of: name, named: facts.user)
        let directories = try makeDirectories(user)
        let process = context.directory.process(of: name)
        try ServiceLogFolder(context.directory, name).make(user)
        var launch = launch(run.command, user)
        launch.note = count.note
        launch.environment += run.environment.map { ($0.name, $0.value) }
        // The master stops the program by its own signal, and starts it again; the keeper does as much for the master.
        launch.words = master(run, user).words(context.master, program: launch.words)
        launch.limits = []
        launch.keptSignal = run.stopSignal.number
        launch.stopSignal = SIGTERM
        launch.stopTimeout = run.stopTimeout + MasterCommand.stopMargin
        launch.ready = "notify"
        launch.environment.append(("NOTIFY_SOCKET", "\(process.directory)/notify"))
        launch.lease = lease
        switch context.driver {
        case .process: try launch.start(keeper: context.keeper)
        case .systemd:
            let writable = directories + [context.directory.logFolder(of: name)]
            try launch.start(keeper: context.keeper, writable: writable, limits: facts.limits)
        }
    }

    private func master(_ run: RunSection, _ user: ServiceUser?) -> MasterCommand {
        var master = MasterCommand(
            of: name, directory: context.directory.master(of: name), run: run, sockets: facts.listen,
            configuration: context.directory.configuration(of: name), crashes: context.directory.crashSignal,
            log: context.directory.logFolder(of: name) + "/log", logSize: context.configuration.logSize << 20,
            logFiles: context.configuration.logFiles)
        if let addresses = context.configuration.adminURL {
            master.link = MasterCommand.Link(
                addresses: addresses, tokenFile: context.directory.token(of: name),
                caFile: context.configuration.caFile, server: context.configuration.server,
                allowsLua: context.configuration.allowsLua, manifest: digest)
        }
        switch context.driver {
        case .process: master.limits = limits(user).map { ($0.name, $0.value, $0.value) }
        case .systemd:
            // The others are those of the cgroup, which count all of the service.
            master.limits = limits(user).filter { $0.name.isExactly("open-files") }.map {
                ($0.name, $0.value, $0.value)
            }
        }
        if facts.limits?.openFiles == nil, context.driver == .process, let own = Self.openFiles {
            // The master has a higher one, for its sockets.
            master.limits.append(own)
        }
        return master
    }

    /// How many files this process may have open, which services have without a limit of their own.
    private static var openFiles: (name: String, soft: Int, hard: Int)? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return ("open-files", Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
    }

    /// Makes the directory of the master, and forgets what the last one has said of its workers.
    private func makeMasterDirectory(_ user: ServiceUser?) throws {
        let folder = try Directory.open(context.directory.process(of: name).directory)
        let owner = user?.user ?? geteuid()
        var status = stat()
        // What another user has left there is not this one's to write.
        if let found = try folder.directory("master"), stat(found.path, &status) == 0, status.st_uid != owner {
            try folder.removeAll("master")
        }
        let directory = try folder.directory(making: "master", mode: 0o750)
        if let user, chown(directory.path, user.user, user.group) != 0 {
            throw FileError(path: directory.path, errno: errno)
        }
        try directory.removeAll("state")
        // What the last one has said before it had opened its log.
        try folder.removeAll("output")
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
        let configuration = context.directory.configuration(of: name)
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
            // The master's are among them.
            limits.append(("processes", processes + MasterCommand.threads))
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
