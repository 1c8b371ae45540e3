import Text

/// The variables of a worker's environment, on top of the master's own.
package struct WorkerEnvironment: Sendable {
    /// What stands for the process's own number; whoever starts it puts the number there.
    package static let ownPID = "           "

    private let settings: MasterSettings
    private let inherited: [String]

    /// - Parameter inherited: the master's environment, `NAME=VALUE`.
    package init(settings: MasterSettings, inherited: [String]) {
        self.settings = settings
        // What the keeper or systemd has told the master is not the workers'.
        let own = [
            "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "NGINX",
            "PORTCULLIS_WORKER", "PORTCULLIS_CRASH_FD", "PORTCULLIS_CONTROL_FD", "MAINPID", "FDSTORE",
        ]
        self.inherited = inherited.filter { variable in !own.contains { Self.name(of: variable).isExactly($0) } }
    }

    private static func name(of variable: String) -> Substring {
        variable[..<(variable.firstByte("=") ?? variable.endIndex)]
    }

    /// - Parameters:
    ///   - notify: the path of the workers' notification socket.
    ///   - first: the descriptor of the first socket; those of the crash part and the control socket follow the last one.
    ///   - logLevel: the level from which it is to log; `nil`: its own.
    package func variables(number: Int, notify: String, logLevel: String? = nil, first: Int = 3) -> [String] {
        let sockets = settings.sockets
        var added = [
            "PORTCULLIS_SERVICE=\(settings.name)", "LISTEN_PID=\(Self.ownPID)", "NOTIFY_SOCKET=\(notify)",
            "PORTCULLIS_CRASH_FD=\(first + sockets.count)", "PORTCULLIS_CONTROL_FD=\(first + sockets.count + 1)",
        ]
        // sd_listen_fds(3) takes 0 for a mistake. By LISTEN_PID alone the next master tells a worker from its children.
        if !sockets.isEmpty {
            added += [
                "LISTEN_FDS=\(sockets.count)",
                "LISTEN_FDNAMES=\(sockets.map(\.name).joined(separator: ":"))",
            ]
        }
        if let logLevel { added.append("PORTCULLIS_LOG_LEVEL=\(logLevel)") }
        if number > 0 { added.append("PORTCULLIS_WORKER=\(number)") }
        if settings.inherit == .nginx, !sockets.isEmpty {
            added.append("NGINX=" + sockets.indices.map { "\(first + $0);" }.joined())
        }
        if let watchdog = settings.watchdog {
            added += ["WATCHDOG_USEC=\(watchdog * 1_000)", "WATCHDOG_PID=\(Self.ownPID)"]
        }
        if let configuration = settings.configuration { added.append("PORTCULLIS_CONFIG=\(configuration)") }
        var result = inherited.filter { variable in
            !added.contains { Self.name(of: $0).isExactly(Self.name(of: variable)) }
        }
        // Swift's own handler would replace that of the crash part. What the manifest says has precedence.
        if !result.contains(where: { $0.hasBytePrefix("SWIFT_BACKTRACE=") }) {
            result.append("SWIFT_BACKTRACE=enable=no")
        }
        // The node takes its report from there into that of the crash. Of two values of an option the later one holds.
        let report = settings.node == nil ? "" : "log_path=\(settings.directory)/crashes/sanitizer:"
        let sanitizer = "ASAN_OPTIONS="
        if let index = result.firstIndex(where: { $0.hasBytePrefix(sanitizer) }) {
            let named = String(result[index].utf8.dropFirst(sanitizer.utf8.count)) ?? ""
            result[index] = "\(sanitizer)detect_leaks=0:abort_on_error=1:\(report)\(named)"
        } else {
            result.append("\(sanitizer)detect_leaks=0:abort_on_error=1:\(report)")
        }
        return result + added
    }
}
