public import NetworkTypes
public import Text

/// How a service is started, when it counts as ready, and how it is stopped.
public struct RunSection: Sendable, Hashable {
    /// The program and its arguments. The program is a path within the version, or an absolute path.
    public var command: [String]
    /// Ascending by name.
    public var environment: [EnvironmentVariable] = []
    public var stopSignal = StopSignal.term
    /// Seconds after `stopSignal` after which the service is killed.
    public var stopTimeout = 30
    public var ready = Readiness.time(seconds: 1)
    /// Seconds after which a service that is not ready has failed to start.
    public var startTimeout = 60
    /// Processes of the program that serve beside each other; 0: the program itself, once.
    public var workers = 0
    /// How the program takes a new configuration; `nil`: it is started anew where its sockets are kept (`listen`), and left
    /// alone where it opens its ports by itself.
    public var reload: Reload?
    /// Seconds without a sign of life (`WATCHDOG=1`, sd_notify) after which a worker counts as hung; `nil`: never.
    public var watchdog: Int?
    /// How the program finds the sockets of `listen`.
    public var inheritance = SocketInheritance.systemd

    package init(command: [String]) { self.command = command }

    /// Seconds that starting and stopping may take.
    package static let timeouts = 1...3_600
    /// Workers that a service may have.
    package static let numbersOfWorkers = 0...64
    /// Seconds that a worker may give no sign of life.
    package static let watchdogs = 1...3_600

    /// How a program takes a new configuration.
    public enum Reload: Sendable, Hashable {
        /// It gets a signal.
        case signal(StopSignal)
        /// It is started anew, one worker at a time.
        case restart
        /// It is left alone.
        case nothing
    }

    /// When a service that was started counts as ready.
    public enum Readiness: Sendable, Hashable {
        /// It says `READY=1` (sd_notify).
        case notify
        /// The port accepts a connection.
        case port(UInt16)
        /// It has run for so long.
        case time(seconds: Int)

        /// Seconds that may be waited for.
        package static let times = 0...600
    }
}

/// How a program finds the sockets that it inherits.
public enum SocketInheritance: String, Sendable, Hashable, CaseIterable {
    /// By `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` (sd_listen_fds).
    case systemd
    /// By `NGINX`, too.
    case nginx
}

/// The signal that asks a program to end, or to take a new configuration.
public enum StopSignal: String, Sendable, Hashable, CaseIterable {
    case term = "TERM"
    case int = "INT"
    case quit = "QUIT"
    case hup = "HUP"
    case usr1 = "USR1"
    case usr2 = "USR2"
    case winch = "WINCH"
}

/// A variable of a program's environment.
public struct EnvironmentVariable: Sendable, Hashable {
    @ExactText public var name: String
    @ExactText public var value: String

    /// The most variables that a program may be given.
    package static let most = 256
    /// The longest name in bytes.
    package static let longestName = 128
    /// The longest value in bytes.
    package static let longestValue = 4_096

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// What is wrong with a name, to follow it in a message; `nil` if nothing is.
    package static func problem(withName name: String) -> String? {
        let isWord = { (byte: UInt8) in
            byte == UInt8(ascii: "_") || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        guard let first = name.utf8.first, name.utf8.count <= longestName, isWord(first),
            name.utf8.allSatisfy({ isWord($0) || (0x30...0x39).contains($0) })
        else {
            return "is no name of a variable: up to \(longestName) letters, digits and \"_\", not starting with a digit"
        }
        return name.hasBytePrefix("PORTCULLIS_") ? "starts with PORTCULLIS_, which Portcullis sets itself" : nil
    }

    /// What is wrong with a value, to follow "the value"; `nil` if nothing is.
    package static func problem(withValue value: String) -> String? {
        guard value.utf8.count <= longestValue else { return "is longer than \(longestValue) bytes" }
        return value.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } ? "has a control character" : nil
    }
}

/// The rule for commands of a version: a program with its arguments, started without a shell.
package enum CommandRule {
    /// The most words.
    package static let mostWords = 256
    /// The longest word in bytes.
    package static let longestWord = ServicePath.longest

    /// What is wrong with the program, to follow it in a message; `nil` if nothing is.
    package static func problem(withProgram program: String) -> String? {
        guard program.hasBytePrefix("/") else { return ServicePath.problem(with: program) }
        return ServicePath.problem(with: String(Substring(program.utf8.dropFirst())))
    }

    /// What is wrong with an argument, to follow "an argument"; `nil` if nothing is.
    package static func problem(withArgument argument: String) -> String? {
        guard argument.utf8.count <= longestWord else { return "has more than \(longestWord) bytes" }
        return argument.utf8.contains(0) ? "has a byte that is 0" : nil
    }
}

/// Sockets of one name, one for each port, which are opened for a service and kept while its program is replaced.
public struct ListeningSocket: Sendable, Hashable {
    @ExactText public var name: String
    public var transport: Transport
    public var ports: PortRange
    /// `nil`: all addresses of both families.
    public var address: IPAddress?

    package init(name: String, transport: Transport, ports: PortRange, address: IPAddress? = nil) {
        self.name = name
        self.transport = transport
        self.ports = ports
        self.address = address
    }

    /// The most entries of a service.
    package static let most = 64
    /// The most sockets of a service: one for each port and worker.
    package static let mostOpened = 1_024

    /// What is wrong with so many sockets, as a sentence; `nil` if nothing is. The number of workers multiplies them.
    package static func problem(with sockets: [ListeningSocket], workers: Int) -> String? {
        let ports = sockets.reduce(0) { $0 + $1.ports.count }
        let opened = ports * max(1, workers)
        guard opened > mostOpened else { return nil }
        let each =
            workers > 1 ? "\(ports) ports for each of \(workers) workers are \(opened) sockets" : "\(ports) ports"
        return "\(each), and a service has at most \(mostOpened) sockets"
    }

    /// Whether both would take the same connections.
    package func overlaps(_ other: ListeningSocket) -> Bool {
        guard transport == other.transport, ports.overlaps(other.ports) else { return false }
        guard let address, let theirs = other.address else { return true }
        return address == theirs
            || address.family == theirs.family && (address.isUnspecified || theirs.isUnspecified)
    }

    /// The protocols of such sockets.
    public enum Transport: String, Sendable, Hashable, CaseIterable { case tcp, udp }
}

/// What a service may use of its server; `nil`: no limit of its own.
public struct ServiceLimits: Sendable, Hashable {
    /// Bytes.
    public var memory: Int?
    /// Percent of one core: 200 are two cores.
    public var cpu: Int?
    public var openFiles: Int?
    /// Processes and threads.
    public var processes: Int?

    package init(memory: Int? = nil, cpu: Int? = nil, openFiles: Int? = nil, processes: Int? = nil) {
        self.memory = memory
        self.cpu = cpu
        self.openFiles = openFiles
        self.processes = processes
    }

    package static let memories = 1 << 20...1 << 44
    package static let shares = 1...100_000
    package static let files = 64...1 << 20
    package static let numbersOfProcesses = 1...1 << 22
}

/// The rule for names of users of the system.
package enum UserName {
    /// What is wrong with a name, to follow it in a message; `nil` if nothing is.
    package static func problem(with name: String) -> String? {
        let isStart = { (byte: UInt8) in byte == UInt8(ascii: "_") || (0x61...0x7A).contains(byte) }
        guard let first = name.utf8.first, name.utf8.count <= 32, isStart(first),
            name.utf8.allSatisfy({ isStart($0) || $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) })
        else {
            return "is no name of a user: up to 32 lower-case letters, digits, \"_\" and \"-\", "
                + "starting with a letter or \"_\""
        }
        return nil
    }
}
