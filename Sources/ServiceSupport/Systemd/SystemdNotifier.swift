/// Tells systemd that the daemon is ready and alive (`sd_notify(3)`), if systemd asks for it.
package struct SystemdNotifier: Sendable {
    private let socket: DatagramSocket?
    /// How often systemd expects a sign of life; `nil`: never.
    package let watchdog: Duration?

    /// - Parameter environment: the environment of the process, with NOTIFY_SOCKET and WATCHDOG_USEC.
    package init(environment: [String: String]) {
        socket = environment["NOTIFY_SOCKET"].flatMap { DatagramSocket($0) }
        watchdog = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) }
    }

    /// Tells systemd that the daemon has started.
    package func ready() { send("READY=1") }
    /// Gives the watchdog a sign of life.
    package func alive() { send("WATCHDOG=1") }
    /// Tells systemd that the daemon is ending.
    package func stopping() { send("STOPPING=1") }
    /// Sets the line for `systemctl status`.
    package func status(_ line: String) { send("STATUS=\(line)") }

    private func send(_ message: String) { _ = socket?.send(Array(message.utf8)) }
}
