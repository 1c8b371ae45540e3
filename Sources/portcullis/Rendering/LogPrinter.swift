import AdminAPI
import Text

/// What is said of a log besides its text.
enum LogNote {
    /// Why a log cannot be shown; `nil`: it can, or it is too early to say.
    static func problem(_ log: ServiceLog) -> CommandError? {
        switch log.state {
        case .waiting, .present: return nil
        case .absent:
            return CommandError("\(log.server) has no log of \(log.service): it was never started there")
        case .silent:
            return CommandError(
                "nothing is heard of the node of \(log.server), which has the log of \(log.service)",
                hint: "With -f, this waits for it. portcullis nodes says when it was last heard of.")
        case .unable:
            return CommandError(
                "the node of \(log.server) is of a version that sends no logs",
                hint: "Upgrade it; on the server, the log is node/log/\(log.service)/log in the node's directory.")
        }
    }

    /// What to say when the state of a log that is followed has become another.
    static func change(_ log: ServiceLog, from before: ServiceLog.State?) -> String? {
        guard log.state != before else { return nil }
        switch log.state {
        case .waiting: return nil
        case .present:
            return before == nil || before == .waiting ? nil : "Note: the node of \(log.server) sends the log."
        case .absent: return "Note: \(log.server) has no log of \(log.service) yet; waiting for it."
        case .silent: return "Note: nothing is heard of the node of \(log.server); waiting for it."
        case .unable:
            return "Note: the node of \(log.server) is of a version that sends no logs; waiting for another."
        }
    }

    static func text(_ change: LogBreak) -> String {
        switch change {
        case .rotated: "Note: the log was rotated."
        case .truncated: "Note: the log was truncated; lines may be missing."
        case .replaced: "Note: the log was replaced; lines may be missing."
        }
    }
}

/// Turns what comes of a log into text and notes.
struct LogPrinter {
    enum Output: Hashable {
        /// For standard output, as it is.
        case text(String)
        /// For standard error.
        case note(String)
    }

    /// Whether control characters are to be shown.
    private let isTerminal: Bool
    private var state: ServiceLog.State?
    private var isLineOpen = false

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// What ends a last line without an end, on a terminal.
    var end: String { isTerminal && isLineOpen ? "\n" : "" }

    mutating func output(of log: ServiceLog) -> [Output] {
        var output: [Output] = []
        if let note = LogNote.change(log, from: state) { output.append(.note(note)) }
        state = log.state
        for part in log.parts {
            if let change = part.change { output.append(.note(LogNote.text(change))) }
            if part.lost > 0 {
                output.append(.note("Note: \(part.lost) lines were lost: they came faster than they could be sent."))
            }
            guard let last = part.text.utf8.last else { continue }
            isLineOpen = last != UInt8(ascii: "\n")
            output.append(.text(isTerminal ? part.text.printableLines : part.text))
        }
        return output
    }
}
