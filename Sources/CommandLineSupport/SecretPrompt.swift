import Glibc
public import ServiceSupport
import Text

/// Asks at a terminal for what nobody may see.
public enum SecretPrompt {
    /// Whether standard input is a terminal.
    public static var isAtTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// The line that is typed after the question, without its end. Nothing of it is shown; a signal that ends the
    /// program leaves the terminal as it was.
    ///
    /// - Throws: `FileError` where the terminal cannot be asked, or the line is not UTF-8.
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
        // The line feed that was typed was not shown either.
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

/// Signals that would end or stop the program while nothing is shown: one that ends it gives the terminal back first,
/// wherever in the program it arrives; one that stops it is not taken.
private struct PromptSignals {
    private static let ending = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
    private let before: [(Int32, sigaction)]
    /// What a handler, which may call nothing but what is safe in one (signal-safety(7)), gives back.
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
                    // Taken when the handler is done.
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
