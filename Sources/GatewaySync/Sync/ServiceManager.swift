/// Tells systemd that the daemon is ready and alive (`sd_notify(3)`), when it wants to know.
struct ServiceManager: Sendable {
    private let socket: DatagramSocket?
    /// How often systemd wants a sign of life; `nil`: never.
    let watchdog: Duration?

    init(environment: [String: String]) {
        socket = environment["NOTIFY_SOCKET"].flatMap { DatagramSocket($0) }
        watchdog = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) }
    }

    func ready() { send("READY=1") }
    func alive() { send("WATCHDOG=1") }
    func stopping() { send("STOPPING=1") }
    /// One line for `systemctl status`.
    func status(_ line: String) { send("STATUS=\(line)") }

    private func send(_ message: String) { _ = socket?.send(Array(message.utf8)) }
}
