/// What a master is to do, as its command line says. Times are in milliseconds.
package struct MasterSettings: Sendable, Equatable {
    /// What makes a worker ready.
    package enum Readiness: Sendable, Equatable {
        /// READY=1 on the notification socket.
        case notify
        /// A TCP port of this machine that accepts a connection.
        case port(UInt16)
        /// So much life.
        case time(Int)
    }

    /// What a changed configuration or SIGHUP does to workers.
    package enum Reload: Sendable, Equatable {
        case signal(Int32)
        case restart
        case nothing
    }

    /// How workers are told of their sockets.
    package enum Inheritance: String, Sendable, CaseIterable {
        /// `LISTEN_FDS` alone.
        case systemd
        /// Also `NGINX`.
        case nginx
    }

    /// What the kernel allows each worker.
    package struct Limit: Sendable, Equatable {
        /// The raw values are in the command line.
        package enum Resource: String, Sendable, CaseIterable {
            case openFiles = "open-files"
            /// RLIMIT_DATA, in bytes.
            case data
            case processes
        }

        package let resource: Resource
        package let soft: Int
        package let hard: Int
    }

    /// The service.
    package var name: String
    /// Where the master's own files are.
    package var directory: String
    /// 1 to 64; 0: the program once, without a number.
    package var workers = 0
    package var listen: [ListenSpecification] = []
    package var inherit = Inheritance.systemd
    package var ready = Readiness.time(1_000)
    package var startTimeout = 60_000
    /// `nil`: a restart where the sockets are kept meanwhile, and nothing for a program that opens its ports by itself.
    package var reload: Reload?
    /// The longest time without a sign of life.
    package var watchdog: Int?
    package var stopSignal: Int32 = 15
    package var stopTimeout = 10_000
    package var limits: [Limit] = []
    /// The configuration file that is watched.
    package var configuration: String?
    /// The file to which the master writes what workers print; `nil`: they inherit the master's output.
    package var log: String?
    /// Bytes of the log before a new file is begun.
    package var logSize = 16 << 20
    /// Older files that are kept.
    package var logFiles = 3
    /// The node's socket for news of crashes.
    package var node: String?
    /// Where ADMIN is: addresses with commas between them; `nil`: the master has no link to ADMIN.
    package var adminURL: String?
    /// The file with the service's own token, which may come later.
    package var tokenFile: String?
    /// Certificates (PEM) that are trusted instead of the system's.
    package var caFile: String?
    /// The server's name in ADMIN.
    package var server: String?
    /// The version that runs, for reports: SHA-256 of its manifest.
    package var manifest: String?
    /// Whether ADMIN may have Lua run in workers.
    package var allowsLua = false
    /// The program and its arguments.
    package var program: [String]

    package init(name: String, directory: String, program: [String]) {
        self.name = name
        self.directory = directory
        self.program = program
    }

    /// The numbers of the workers; 0 is the one without a number.
    package var numbers: ClosedRange<Int> { workers == 0 ? 0...0 : 1...workers }

    /// Whether a new process can serve beside the old one of the same number: it inherits its sockets.
    package var canOverlap: Bool { !listen.isEmpty }

    /// What a reload does in fact.
    package var effectiveReload: Reload { reload ?? (canOverlap ? .restart : .nothing) }

    /// What makes a worker ready in fact. The kernel accepts connections to a port that the master has opened, whoever lives,
    /// so such a worker needs a second of life instead.
    package var effectiveReadiness: Readiness {
        guard case .port(let port) = ready, listen.contains(where: { $0.transport == .tcp && $0.ports.contains(port) })
        else { return ready }
        return .time(1_000)
    }

    /// The sockets of one worker, in the order in which it gets them.
    package var sockets: [SocketName] {
        listen.flatMap { one in one.ports.map { SocketName(name: one.name, port: $0) } }
    }
}

/// One socket of each worker.
package struct SocketName: Sendable, Hashable {
    package let name: String
    package let port: UInt16

    package init(name: String, port: UInt16) {
        self.name = name
        self.port = port
    }
}
