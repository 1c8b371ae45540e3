import Logging
import Synchronization
import Text

/// The level of the log, which can be changed while the program runs. Loggers are values of which every part has its
/// own.
final class LogLevel: Sendable {
    private let level: Mutex<Logger.Level>

    init(_ level: Logger.Level) { self.level = Mutex(level) }

    var current: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }

    /// A handler that writes messages of the level and above to standard error.
    func handler(_ label: String) -> Handler { Handler(level: self, output: .standardError(label: label)) }

    struct Handler: LogHandler {
        fileprivate let level: LogLevel
        fileprivate var output: StreamLogHandler

        var logLevel: Logger.Level {
            get { level.current }
            set { level.current = newValue }
        }

        var metadata: Logger.Metadata {
            get { output.metadata }
            set { output.metadata = newValue }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { output[metadataKey: key] }
            set { output[metadataKey: key] = newValue }
        }

        func log(event: LogEvent) { output.log(event: Self.printable(event)) }

        /// An event whose text is safe for a terminal, since it may contain text from outside.
        static func printable(_ event: LogEvent) -> LogEvent {
            LogEvent(
                level: event.level, message: "\("\(event.message)".printableLines)",
                metadata: event.metadata?.mapValues { "\("\($0)".printable)" }, source: event.source,
                file: event.file, function: event.function, line: event.line)
        }
    }
}
