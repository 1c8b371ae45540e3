import Glibc
import Text

/// Asks at a terminal for what nobody may see.
public enum SecretPrompt {
    /// Whether standard input is a terminal.
    public static var isAtTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// The line that is typed after the question, without its end. Nothing of it is shown; a signal that ends the program
    /// leaves the terminal as it was.
    ///
    /// - Throws: `FileError` where the terminal cannot be asked, or the line is not UTF-8.
    public static func ask(_ question: String) throws(FileError) -> String {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else { throw FileError(path: "the terminal", errno: errno) }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        let signals = PendingSignals()
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else {
            throw FileError(path: "the terminal", errno: errno)
        }
        StandardError.ask(question)
        let line = readLineBytes()
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
        // The line feed that was typed was not shown either.
        StandardError.ask("\n")
        signals.raiseAgain()
        switch line {
        case .failure(let error): throw error
        case .success(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw FileError(path: "the terminal", reason: "what was typed is not UTF-8 text")
            }
            return text
        }
    }

    private static func readLineBytes() -> Result<[UInt8], FileError> {
        var bytes = [UInt8]()
        while true {
            var byte: UInt8 = 0
            switch read(STDIN_FILENO, &byte, 1) {
            case 1 where byte == UInt8(ascii: "\n"): return .success(bytes)
            case 1: bytes.append(byte)
            case 0 where bytes.isEmpty: return .failure(FileError(path: "the terminal", reason: "nothing was typed"))
            case 0: return .success(bytes)
            default: return .failure(FileError(path: "the terminal", errno: errno))
            }
        }
    }
}

extension StandardError {
    fileprivate static func ask(_ text: String) { text.withCString { _ = Glibc.write(STDERR_FILENO, $0, strlen($0)) } }
}

/// Signals that would end or stop the program: while they are held back, the first interrupts the reading; then they act.
private struct PendingSignals {
    private static let numbers = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP]
    private let actions: [(Int32, sigaction)]
    nonisolated(unsafe) fileprivate static var caught: Int32 = 0

    init() {
        Self.caught = 0
        actions = Self.numbers.map { number in
            // Without SA_RESTART: the call that reads ends with EINTR.
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { PendingSignals.caught = $0 }
            var before = sigaction()
            sigaction(number, &action, &before)
            return (number, before)
        }
    }

    func raiseAgain() {
        for (number, action) in actions {
            var action = action
            sigaction(number, &action, nil)
        }
        if Self.caught != 0 { raise(Self.caught) }
    }
}
