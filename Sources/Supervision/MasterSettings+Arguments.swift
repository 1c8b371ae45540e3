import Text

extension MasterSettings {
    /// The largest number of workers, and of sockets of all of them.
    package static let mostWorkers = 64
    package static let mostSockets = 1_024

    /// The signals that a program may want, by their names.
    package static let signals: [(name: String, number: Int32)] = [
        ("HUP", 1), ("INT", 2), ("QUIT", 3), ("USR1", 10), ("USR2", 12), ("TERM", 15), ("WINCH", 28),
    ]

    /// Reads a command line without the program's name.
    package init(arguments: [String]) throws(UsageError) {
        guard let end = arguments.firstIndex(where: { $0.isExactly("--") }), end + 1 < arguments.count else {
            throw UsageError("the program is missing: expected \"-- PROGRAM ARGUMENT...\" at the end")
        }
        self.init(name: "", directory: "", program: Array(arguments[(end + 1)...]))
        var index = 0
        while index < end {
            let option = arguments[index]
            if option.isExactly("--allow-lua") {
                allowsLua = true
                index += 1
                continue
            }
            guard let key = Option(rawValue: option) else { throw UsageError("\(option.printed()) is no option") }
            guard index + 1 < end else { throw UsageError("\(option) needs a value") }
            try set(key, arguments[index + 1])
            index += 2
        }
        try check()
    }

    private enum Option: String {
        case name = "--name"
        case directory = "--directory"
        case workers = "--workers"
        case listen = "--listen"
        case inherit = "--inherit"
        case ready = "--ready"
        case startTimeout = "--start-timeout"
        case reload = "--reload"
        case watchdog = "--watchdog"
        case stopSignal = "--stop-signal"
        case stopTimeout = "--stop-timeout"
        case configuration = "--config"
        case node = "--node"
        case limit = "--limit"
        case log = "--log"
        case logSize = "--log-size"
        case logFiles = "--log-files"
        case adminURL = "--admin-url"
        case tokenFile = "--token-file"
        case caFile = "--ca-file"
        case server = "--server"
        case manifest = "--manifest"
    }

    private mutating func set(_ option: Option, _ value: String) throws(UsageError) {
        switch option {
        case .name:
            guard (1...128).contains(value.utf8.count), !value.hasByte("/"), !value.hasByte("\n") else {
                throw UsageError("--name \(value.printed()): expected the name of a service")
            }
            name = value
        case .directory: directory = value
        case .workers: workers = try Self.number(option, value, 0...Self.mostWorkers)
        case .listen: listen.append(try ListenSpecification(value))
        case .inherit:
            guard let one = Inheritance(rawValue: value) else {
                throw UsageError("--inherit \(value.printed()): expected systemd or nginx")
            }
            inherit = one
        case .ready: ready = try Self.readiness(value)
        case .startTimeout: startTimeout = try Self.number(option, value, 1...3_600_000)
        case .reload: reload = try Self.reload(value)
        case .watchdog: watchdog = try Self.number(option, value, 1...3_600_000)
        case .stopSignal: stopSignal = Int32(try Self.number(option, value, 1...64))
        case .stopTimeout: stopTimeout = try Self.number(option, value, 1...3_600_000)
        case .configuration: configuration = value
        case .node: node = value
        case .limit: limits.append(try Self.limit(value))
        case .log: log = value
        case .logSize: logSize = try Self.number(option, value, 4_096...1 << 50)
        case .logFiles: logFiles = try Self.number(option, value, 1...100)
        case .adminURL: adminURL = value
        case .tokenFile: tokenFile = value
        case .caFile: caFile = value
        case .server: server = value
        case .manifest:
            let isDigest = value.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            guard value.utf8.count == 64, isDigest else {
                throw UsageError("--manifest \(value.printed()): expected 64 hexadecimal digits, in lower case")
            }
            manifest = value
        }
    }

    private static func readiness(_ value: String) throws(UsageError) -> Readiness {
        if value.isExactly("notify") { return .notify }
        let parts = value.splitBytes(":")
        if parts.count == 2, parts[0].isExactly("port"), let port = UInt16(parts[1]), port > 0 { return .port(port) }
        if parts.count == 2, parts[0].isExactly("time"), let time = Int(parts[1]), (0...3_600_000).contains(time) {
            return .time(time)
        }
        throw UsageError("--ready \(value.printed()): expected notify, port:NUMBER or time:MILLISECONDS")
    }

    private static func limit(_ value: String) throws(UsageError) -> Limit {
        let parts = value.splitBytes("=")
        let numbers = parts.count == 2 ? parts[1].splitBytes(":").map { Int($0) } : []
        guard numbers.count == 2, let resource = Limit.Resource(rawValue: String(parts[0])), let soft = numbers[0],
            let hard = numbers[1], soft >= 0, soft <= hard
        else {
            throw UsageError(
                "--limit \(value.printed()): expected NAME=SOFT:HARD, of "
                    + Limit.Resource.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return Limit(resource: resource, soft: soft, hard: hard)
    }

    private static func reload(_ value: String) throws(UsageError) -> Reload {
        if value.isExactly("restart") { return .restart }
        if value.isExactly("none") { return .nothing }
        guard let signal = signals.first(where: { $0.name.isExactly(value) }) else {
            throw UsageError(
                "--reload \(value.printed()): expected restart, none, or a signal: "
                    + signals.map(\.name).joined(separator: ", "))
        }
        return .signal(signal.number)
    }

    private static func number(
        _ option: Option, _ value: String, _ range: ClosedRange<Int>
    ) throws(UsageError) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw UsageError(
                "\(option.rawValue) \(value.printed()): expected a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    private func check() throws(UsageError) {
        if name.isEmpty { throw UsageError("--name is missing") }
        if directory.isEmpty { throw UsageError("--directory is missing") }
        if adminURL != nil {
            for (option, value) in [("--token-file", tokenFile), ("--server", server), ("--config", configuration)]
            where value == nil { throw UsageError("\(option) is missing, without which --admin-url is of no use") }
        } else if tokenFile != nil || caFile != nil || server != nil {
            throw UsageError("--token-file, --ca-file and --server are of no use without --admin-url")
        }
        let count = listen.reduce(0) { $0 + Int($1.ports.upperBound - $1.ports.lowerBound) + 1 } * max(1, workers)
        guard count <= Self.mostSockets else {
            throw UsageError("\(count) sockets for all workers: at most \(Self.mostSockets)")
        }
        var names: Set<ExactText> = []
        for one in listen where !names.insert(ExactText(one.name)).inserted {
            throw UsageError("--listen: the name \(one.name.printed()) is given twice")
        }
    }
}

extension MasterSettings {
    /// The text of --help.
    package static let help = """
        OVERVIEW: Start the workers of a service, keep them, and keep their sockets.

        portcullis-node starts this program for each service, through portcullis-keeper. By hand it needs neither of them.

        USAGE: portcullis-master --name NAME --directory DIRECTORY [OPTION...] -- PROGRAM ARGUMENT...

        OPTIONS:
          --name NAME             The service: PORTCULLIS_SERVICE of its workers.
          --directory DIRECTORY   Where the master has its own files: state, notify, crashes.
          --workers NUMBER        So many workers, 0 to 64 (default: 0). 0: the program once, without PORTCULLIS_WORKER.
          --listen NAME=tcp:[ADDRESS:]PORT[-PORT], --listen NAME=udp:...
                                  Sockets that the master opens and keeps, one for each port and worker (SO_REUSEPORT). An
                                  IPv6 address stands in brackets. Without an address: all of both families. Workers get
                                  them from descriptor 3 on (LISTEN_FDS, LISTEN_FDNAMES).
          --inherit systemd|nginx
                                  nginx: tell the sockets in the variable NGINX, too (default: systemd).
          --ready notify|port:PORT|time:MILLISECONDS
                                  When a worker is ready: READY=1 on NOTIFY_SOCKET; the port accepts a connection (one that
                                  is in --listen always does: such a worker is ready after 1 s of life); so much life
                                  (default: time:1000).
          --start-timeout MILLISECONDS
                                  A worker that is not ready by then is ended and started again (default: 60000).
          --reload SIGNAL|restart|none
                                  What SIGHUP and a changed configuration file do: HUP, INT, QUIT, TERM, USR1, USR2 or WINCH
                                  to one worker at a time; a restart of one worker at a time, each ready before the next
                                  (default with --listen); nothing (default without).
          --watchdog MILLISECONDS A ready worker without WATCHDOG=1 for so long hangs: it is replaced.
          --stop-signal NUMBER    What asks a worker to end (default: 15).
          --stop-timeout MILLISECONDS
                                  A worker that lives on after that is killed (default: 10000).
          --config FILE           The configuration file: PORTCULLIS_CONFIG. A change of it is a reload.
          --limit NAME=SOFT:HARD  What the kernel allows each worker: open-files, data (bytes) or processes.
          --log FILE              Take what workers print, and write it to this file, which is renamed to FILE.1 when it is
                                  full, FILE.1 to FILE.2, and so on. Without it, workers print where the master does.
          --log-size BYTES        Bytes of that file before a new one is begun (default: 16777216).
          --log-files NUMBER      Older ones that are kept, 1 to 100 (default: 3).
          --node SOCKET           The node's socket that is told of crashes.
          --admin-url URL[,URL]   Where ADMIN is. The master takes the service's configuration and orders from there, and
                                  reports. Without it there is no such link.
          --token-file FILE       The service's own token. The link begins when the file is there.
          --ca-file FILE          Certificates (PEM) to trust instead of the system's.
          --server NAME           The server's name in ADMIN.
          --manifest SHA256       The version that runs, for reports: that of its manifest.
          --allow-lua             ADMIN may have Lua run in workers.
          --version               Show the version.
          -h, --help              Show this help.

        SIGNALS: TERM and INT stop all workers; HUP reloads; USR1 restarts one worker at a time.

        EXIT STATUS: 0 stopped; 1 failed; 64 wrong usage; 75 another master runs in the directory; 78 a socket cannot be opened or the program cannot be executed at
        the first start.
        """
}
