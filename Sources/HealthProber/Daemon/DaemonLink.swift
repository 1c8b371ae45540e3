import CEvents
import Glibc
import HealthChecks
import Logging
import Text

/// The connection to the gateway's daemon: made again, more and more seldom, whenever it is gone.
final class DaemonLink {
    /// The bytes that wait for the daemon to read them before digests are left out, and before the connection is closed.
    static let fewBytes = 65_536
    static let mostBytes = 4_194_304
    /// Milliseconds between two attempts, at first and at last.
    private static let shortestPause = 100
    private static let longestPause = 5_000

    private let path: String
    private let poller: Poller
    private let logger: Logger
    private var descriptor: Int32 = -1
    /// Counts the connections, so that an event of an earlier one is not taken for one of this.
    private var generation: UInt32 = 0
    private var isGreeted = false
    private var lines = MessageLines()
    private var output: [UInt8] = []
    private var sent = 0
    private var isWaitingToWrite = false
    private var pause = shortestPause
    private var lastComplaint: String?
    /// When the next attempt is due, in milliseconds; `nil`: there is a connection.
    private(set) var nextAttempt: Int? = 0

    init(_ path: String, _ poller: Poller, _ logger: Logger) {
        self.path = path
        self.poller = poller
        self.logger = logger
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether the daemon has greeted.
    var isOpen: Bool { isGreeted }

    private var tag: EventTag { EventTag(.daemon, generation: generation) }

    /// Makes the connection if an attempt is due.
    func connect(at now: Int) {
        guard let nextAttempt, nextAttempt <= now else { return }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: name.sun_path) else {
            return retry("its path is too long", at: now)
        }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        descriptor = socket(AF_UNIX, SocketKind.stream, 0)
        guard descriptor >= 0 else { return retry(SystemFault.text(errno), at: now) }
        let result = withUnsafePointer(to: name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { return retry(SystemFault.text(errno), at: now) }
        generation = (generation &+ 1) & 0xFF_FFFF
        guard poller.add(descriptor, tag, .reading) else { return retry(SystemFault.text(errno), at: now) }
        self.nextAttempt = nil
        send(.greeting(version: ProberProtocol.version))
    }

    /// Closes the connection, and makes it again later.
    func drop(_ reason: String, at now: Int) { retry(reason, at: now) }

    private func retry(_ reason: String, at now: Int) {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        isGreeted = false
        lines = MessageLines()
        output = []
        sent = 0
        isWaitingToWrite = false
        if lastComplaint != reason {
            logger.warning("No connection to the gateway's daemon: \(path): \(reason).")
            lastComplaint = reason
        }
        nextAttempt = now + Int.random(in: pause / 2...pause)
        pause = min(2 * pause, Self.longestPause)
    }

    // MARK: Reading

    /// Reads what has come. Returns the messages; `nil`: the connection is gone.
    func receive(_ event: Poller.Event, into buffer: UnsafeMutableRawBufferPointer, at now: Int) -> [DaemonMessage]? {
        guard descriptor >= 0, event.tag == tag else { return [] }
        flush()
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return [] }
            retry(count == 0 ? "the daemon has closed it" : SystemFault.text(errno), at: now)
            return nil
        }
        lines.append(buffer[..<count])
        do {
            return try takeMessages()
        } catch {
            retry("the daemon does not speak as agreed: \(error)", at: now)
            return nil
        }
    }

    private func takeMessages() throws(ProberMessageError) -> [DaemonMessage] {
        var messages: [DaemonMessage] = []
        while let line = try lines.next() {
            let message = try DaemonMessage(line: line)
            switch message {
            case .greeting(ProberProtocol.version) where !isGreeted:
                isGreeted = true
            case .greeting(let version): throw ProberMessageError("unexpected greeting of version \(version)")
            case .target, .remove, .whole:
                guard isGreeted else { throw ProberMessageError("\(line.printed()) comes before the greeting") }
                if message == .whole { noteSuccess() }
                messages.append(message)
            }
        }
        return messages
    }

    /// The first list could be read: only then is the connection one to make again at once.
    private func noteSuccess() {
        pause = Self.shortestPause
        lastComplaint = nil
        logger.notice("Connected to the gateway's daemon.")
    }

    // MARK: Writing

    /// How many bytes the daemon has yet to take.
    private var waiting: Int { output.count - sent }

    /// Whether the daemon reads what it is told, so that digests may be sent as well.
    var isDraining: Bool { waiting < Self.fewBytes }

    /// Whether so much waits that the daemon does not read at all.
    var isStuck: Bool { waiting > Self.mostBytes }

    /// Adds a message; `flush` sends it.
    func send(_ message: ProberMessage) {
        guard descriptor >= 0 else { return }
        output += message.description.utf8
        output.append(0x0A)
    }

    /// Sends what the socket takes.
    func flush() {
        guard descriptor >= 0 else { return }
        while waiting > 0 {
            let count = output.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress.map { $0 + sent }, waiting,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            // What is wrong with the socket is seen when it is read from.
            guard count > 0 else { break }
            sent += count
        }
        if waiting == 0 || sent > Self.fewBytes {
            output.removeFirst(sent)
            sent = 0
        }
        guard isWaitingToWrite != (waiting > 0) else { return }
        isWaitingToWrite.toggle()
        poller.modify(descriptor, tag, isWaitingToWrite ? [.reading, .writing] : .reading)
    }
}
