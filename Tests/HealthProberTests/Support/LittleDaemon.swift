import Foundation
import Glibc
import HealthChecks
import HealthProber
import Logging
import TestSupport

/// The daemon's side of the conversation, as a test leads it, and a prober at work beside it. Blocks: it belongs on a
/// thread of its own.
final class LittleDaemon {
    private let listener: Int32
    private var connection: Int32 = -1
    private var lines = MessageLines()
    private let stop: (read: Int32, write: Int32)
    private let finished = DispatchSemaphore(value: 0)

    /// - Parameter folder: the run directory.
    init(_ folder: URL, logger: Logger) throws {
        let settings = ProberSettings(runDirectory: folder.path)
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(settings.socket.utf8)) }
        let isBound = withUnsafePointer(to: name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, listen(listener, 4) == 0 else { throw POSIXError(.EADDRINUSE) }
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        stop = (ends[0], ends[1])
        let end = ends[0]
        let finished = finished
        Thread.detachNewThread {
            do {
                try Prober(settings, stop: end, logger: logger).run()
            } catch {
                logger.critical("\(error)")
            }
            finished.signal()
        }
    }

    /// Ends the prober.
    func end() {
        close(stop.write)
        finished.wait()
        for descriptor in [stop.read, listener, connection] where descriptor >= 0 { close(descriptor) }
    }

    /// Waits for the prober to connect, and greets.
    func greet() throws {
        connection = accept(listener, nil, nil)
        lines = MessageLines()
        guard try next() == .greeting(version: 1) else { throw ProberMessageError("no greeting") }
        tell("portcullis-checks 1")
    }

    /// Closes the connection.
    func hangUp() {
        close(connection)
        connection = -1
    }

    func tell(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// The next line; `nil`: the prober has closed the connection, or says nothing for ten seconds.
    func next() throws -> ProberMessage? {
        while true {
            if let line = try lines.next() { return try ProberMessage(line: line) }
            var wait = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, 10_000) == 1 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            lines.append(buffer[..<count])
        }
    }

    /// The next verdict, whatever else comes before it.
    func verdict() throws -> ProberMessage.TargetVerdict {
        while let message = try next() {
            if case .verdict(let verdict) = message { return verdict }
        }
        throw ProberMessageError("no verdict comes")
    }

    /// The next sign of life. Verdicts before it are an error.
    func alive() throws -> ProberMessage.ProberState {
        while let message = try next() {
            switch message {
            case .alive(let state): return state
            case .verdict(let verdict): throw ProberMessageError("unexpected verdict \(verdict)")
            case .greeting, .result: continue
            }
        }
        throw ProberMessageError("no sign of life comes")
    }
}
