import AdminAPI
import Text

/// How often ADMIN is asked while services have leases.
enum LeasePace {
    /// The longest in seconds that a poll, or the pause before it, may take; `nil`: no service has a lease.
    ///
    /// A quarter of the shortest: one poll may fail at an address that does not answer, and the next one still comes in
    /// time. Cost: the services.
    static func pace(of services: [ExactText: Assignment]) -> Int? {
        services.values.compactMap(\.lease).min().map { max(1, $0 / 4) }
    }

    /// What is told of services whose keepers do not take their leases; `nil`: there are none.
    static func problem(ofUntold names: [String]) -> String? {
        guard !names.isEmpty else { return nil }
        return
            "only portcullis-node itself ends the leases of \(ServiceNames.list(names)): their keepers do not take them"
    }
}
