/// Tells systemd that the daemon is ready and alive (`sd_notify(3)`), when it wants to know.
package struct SystemdNotifier: Sendable {
    private let socket: DatagramSocket?
    /// How often systemd wants a sign of life; `nil`: never.
    package let watchdog: Duration?

    package init(environment: [String: String]) {
        socket = environment["NOTIFY_SOCKET"].flatMap { DatagramSocket($0) }
        watchdog = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) }
    }

    package func ready() { send("READY=1") }
    package func alive() { send("WATCHDOG=1") }
    package func stopping() { send("STOPPING=1") }
    /// One line for `systemctl status`.
    package func status(_ line: String) { send("STATUS=\(line)") }

    private func send(_ message: String) { _ = socket?.send(Array(message.utf8)) }
}
