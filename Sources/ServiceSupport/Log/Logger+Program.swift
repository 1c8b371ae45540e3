package import Logging

extension Logger {
    /// The log of a program: to journald with fields when systemd has connected the program to it, else for people.
    ///
    /// - Parameters:
    ///   - program: what the log calls it.
    ///   - environment: the environment of the process, where systemd says so.
    package static func ofProgram(_ program: String, level: Logger.Level, environment: [String: String]) -> Logger {
        let isJournal = environment["JOURNAL_STREAM"] != nil
        return Logger(label: program) { label in
            if isJournal, let handler = JournalLogHandler(identifier: label, logLevel: level) { return handler }
            return LineLogHandler(logLevel: level, style: isJournal ? .journal : .terminal)
        }
    }
}
