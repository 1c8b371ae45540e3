import ServiceLifecycle
import ServiceSupport

/// Tells systemd when ADMIN begins to end. It is the last service of the group, which ends them in the reverse order.
struct StoppingNotice: Service, CustomStringConvertible {
    let notifier: SystemdNotifier

    /// The name in the log, which would otherwise show all members.
    var description: String { "StoppingNotice" }

    func run() async throws {
        try await gracefulShutdown()
        notifier.stopping()
    }
}
