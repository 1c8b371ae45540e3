import Glibc
public import Logging
import Text

/// Writes one readable line for each message to standard error.
public struct LineLogHandler: LogHandler {
    /// The form of a line.
    public enum Style: Sendable {
        /// With the time of day and the level.
        case terminal
        /// With journald's priority prefix (`sd-daemon(3)`); journald adds the time.
        case journal
    }

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let style: Style

    public init(logLevel: Logger.Level = .info, style: Style) {
        self.logLevel = logLevel
        self.style = style
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let more = event.metadata { fields.merge(more) { _, new in new } }
        // Messages are complete by themselves; the fields are for machines.
        let suffix =
            logLevel > .debug
            ? "" : fields.sorted { $0.key < $1.key }.map { " \($0.key)=\("\($0.value)".printable)" }.joined()
        let prefix =
            switch style {
            case .journal: "<\(event.level.priority)>"
            case .terminal: "\(Self.timeOfDay) \(event.level) "
            }
        let line = Array("\("\(prefix)\(event.message)\(suffix)".printableLines)\n".utf8)
        // A single write, so that lines of several processes do not mix.
        _ = write(STDERR_FILENO, line, line.count)
    }

    private static var timeOfDay: String {
        var now = time(nil)
        var local = tm()
        localtime_r(&now, &local)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(local.tm_hour)):\(two(local.tm_min)):\(two(local.tm_sec))"
    }
}

extension Logger.Level {
    /// The level as a syslog priority.
    package var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
