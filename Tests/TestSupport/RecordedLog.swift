package import Logging
import Synchronization

/// Keeps what is logged.
package final class RecordedLog: Sendable {
    private let entries = Mutex<[(level: Logger.Level, text: String)]>([])

    package init() {}

    package var logger: Logger {
        Logger(label: "test") { _ in Handler(log: self) }
    }

    /// All of it: `warning: text [metadata]`.
    package var all: [String] { entries.withLock { $0.map { "\($0.level): \($0.text)" } } }

    /// What is above `info`.
    package var notable: [String] {
        entries.withLock { $0.filter { $0.level > .info }.map { "\($0.level): \($0.text)" } }
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.entries.withLock { $0.append((event.level, "\(event.message) \(event.metadata ?? [:])")) }
        }
    }
}
