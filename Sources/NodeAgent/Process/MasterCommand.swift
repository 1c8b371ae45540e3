package import AdminClient
package import Cloud
import Glibc
import NetworkTypes
package import Versions

/// How `portcullis-master` is started: it stands between the keeper and the program of a service.
package struct MasterCommand: Sendable {
    /// The link of the master to ADMIN.
    package struct Link: Sendable {
        package var addresses: AdminURLs
        package var tokenFile: String
        package var caFile: String?
        package var server: String
        package var allowsLua: Bool
        /// The version that runs.
        package var manifest: ContentDigest

        package init(
            addresses: AdminURLs, tokenFile: String, caFile: String?, server: String, allowsLua: Bool,
            manifest: ContentDigest
        ) {
            self.addresses = addresses
            self.tokenFile = tokenFile
            self.caFile = caFile
            self.server = server
            self.allowsLua = allowsLua
            self.manifest = manifest
        }
    }

    package var service: String
    /// Where it keeps its state, and takes its workers' messages.
    package var directory: String
    package var run: RunSection
    /// The sockets that it opens and keeps.
    package var sockets: [ListeningSocket]
    /// The service's configuration file.
    package var configuration: String
    /// The node's socket for crashes.
    package var crashes: String
    /// The file of its log.
    package var log: String
    /// Bytes of that before a new one is begun, and older ones that are kept.
    package var logSize: Int
    package var logFiles: Int
    /// `nil`: it has none.
    package var link: Link?
    /// What the kernel allows each worker, with the soft limit and the hard one.
    package var limits: [(name: String, soft: Int, hard: Int)] = []

    package init(
        of service: String, directory: String, run: RunSection, sockets: [ListeningSocket], configuration: String,
        crashes: String, log: String, logSize: Int, logFiles: Int
    ) {
        self.service = service
        self.directory = directory
        self.run = run
        self.sockets = sockets
        self.configuration = configuration
        self.crashes = crashes
        self.log = log
        self.logSize = logSize
        self.logFiles = logFiles
    }

    /// The threads that a master may have: they count where processes do.
    package static let threads = 32
    /// Seconds that the master may take to stop, beyond its workers' own time.
    package static let stopMargin = 2

    /// The master's path and its arguments.
    ///
    /// - Parameter program: that of the workers, and its arguments.
    package func words(_ master: String, program: [String]) -> [String] {
        var words = [
            master, "--name", service, "--directory", directory, "--workers", "\(run.workers)",
            "--ready", Self.text(run.ready), "--start-timeout", "\(run.startTimeout * 1_000)",
            "--stop-signal", "\(run.stopSignal.number)",
            "--stop-timeout", "\(run.stopTimeout * 1_000)", "--config", configuration, "--node", crashes,
            "--log", log, "--log-size", "\(logSize)", "--log-files", "\(logFiles)",
        ]
        if let reload = run.reload { words += ["--reload", Self.text(reload)] }
        for socket in sockets { words += ["--listen", Self.text(socket)] }
        if run.inheritance != .systemd { words += ["--inherit", run.inheritance.rawValue] }
        if let watchdog = run.watchdog { words += ["--watchdog", "\(watchdog * 1_000)"] }
        for limit in limits { words += ["--limit", "\(limit.name)=\(limit.soft):\(limit.hard)"] }
        if let link {
            words += ["--admin-url", link.addresses.all.map(\.description).joined(separator: ",")]
            words += ["--token-file", link.tokenFile, "--server", link.server]
            words += ["--manifest", "\(link.manifest)"]
            if let caFile = link.caFile { words += ["--ca-file", caFile] }
            if link.allowsLua { words.append("--allow-lua") }
        }
        return words + ["--"] + program
    }

    private static func text(_ ready: RunSection.Readiness) -> String {
        switch ready {
        case .notify: "notify"
        case .port(let port): "port:\(port)"
        case .time(let seconds): "time:\(seconds * 1_000)"
        }
    }

    private static func text(_ reload: RunSection.Reload) -> String {
        switch reload {
        case .signal(let signal): signal.rawValue
        case .restart: "restart"
        case .nothing: "none"
        }
    }

    /// `http=tcp:8080`, `devices=udp:[::1]:5000-5010`
    private static func text(_ socket: ListeningSocket) -> String {
        let address = socket.address.map { $0.family == .ipv6 ? "[\($0)]:" : "\($0):" } ?? ""
        return "\(socket.name)=\(socket.transport.rawValue):\(address)\(socket.ports)"
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
