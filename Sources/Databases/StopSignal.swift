import CEvents
import Glibc

/// Whether a signal asks the program to end: SIGINT, SIGTERM or SIGHUP. What runs in the database is cancelled then, so
/// that it does not go on without anybody.
package final class StopSignal {
    /// Readable once a signal has come; -1 where nobody waits for signals.
    let descriptor: CInt
    private var wasAsked = false

    /// Takes the signals from their usual effect, for the rest of the program.
    package init() {
        descriptor = ce_signals([SIGINT, SIGTERM, SIGHUP], 3)
        // A reader of the output that is gone ends nothing.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Whether one has come. Once it has, the answer stays.
    var isAsked: Bool {
        if wasAsked || descriptor < 0 { return wasAsked }
        var information = [UInt8](repeating: 0, count: 128)
        wasAsked = read(descriptor, &information, information.count) > 0
        return wasAsked
    }

    private var wasTaken = false

    /// Whether one has come that nothing was cancelled for yet. What is cleaned up after that is not cancelled.
    func take() -> Bool {
        guard isAsked, !wasTaken else { return false }
        wasTaken = true
        return true
    }

    /// Throws if one has come.
    func check() throws(DatabaseError) { if isAsked { throw Self.error } }

    /// Waits. Ends at once if a signal comes.
    func wait(milliseconds: Int32) throws(DatabaseError) {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if !wasAsked { _ = Glibc.poll(&poll, 1, milliseconds) }
        try check()
    }

    static let error = DatabaseError(.stopped, "ended by a signal")
}
