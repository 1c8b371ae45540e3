import Glibc
public import ServiceSupport
import Text

/// Asks for a secret at a terminal.
public enum SecretPrompt {
    /// Whether standard input is a terminal.
    public static var isAtTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks a question and returns the line that is typed, without its end. What is typed is not shown. A signal that
    /// ends the program restores the terminal.
    ///
    /// - Throws: `FileError` if the terminal cannot be used, or the line is not valid UTF-8.
    public static func ask(_ question: String) throws(FileError) -> String {
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else { throw FileError(path: "the terminal", errno: errno) }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        let signals = PromptSignals(restoring: shown)
        defer { signals.restore() }
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else {
            throw FileError(path: "the terminal", errno: errno)
        }
        StandardError.ask(question)
        let line = readLineBytes()
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
        // The terminal has not shown the line feed either.
        StandardError.ask("\n")
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

/// Signals that would end or stop the program while input is not shown. A signal that ends it restores the terminal
/// first, wherever in the program it arrives; one that stops it is ignored.
private struct PromptSignals {
    private static let ending = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
    private let before: [(Int32, sigaction)]
    /// The terminal settings to restore by a handler, which may only call functions that are safe there
    /// (signal-safety(7)).
    nonisolated(unsafe) private static var shown = termios()

    init(restoring shown: termios) {
        Self.shown = shown
        before = (Self.ending + [SIGTSTP]).map { number in
            var action = sigaction()
            action.__sigaction_handler.sa_handler =
                number == SIGTSTP
                ? SIG_IGN
                : { number in
                    tcsetattr(STDIN_FILENO, TCSANOW, &PromptSignals.shown)
                    signal(number, SIG_DFL)
                    // The signal takes effect when the handler returns.
                    raise(number)
                }
            var before = sigaction()
            sigaction(number, &action, &before)
            return (number, before)
        }
    }

    func restore() {
        for (number, action) in before {
            var action = action
            sigaction(number, &action, nil)
        }
    }
}
