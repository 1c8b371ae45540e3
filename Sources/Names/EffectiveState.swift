/// What the export has of an instance: the strictest of the states that bear on it.
public struct EffectiveState: Sendable, Hashable {
    /// Whose state it is.
    public enum Origin: String, Sendable, Hashable, CaseIterable {
        case service, server
        /// A rollout that changes the instance's version.
        case rollout
        /// ADMIN has the instance run, and its server has yet to say that it does.
        case starting
        /// ADMIN has the instance stopped.
        case stopped
    }

    public let state: ServiceState
    public let origin: Origin

    public init(_ state: ServiceState, of origin: Origin) {
        self.state = state
        self.origin = origin
    }

    /// The strictest of an instance's own state, its server's and a rollout's; of equals, the first of these.
    ///
    /// - Parameter absence: `starting` or `stopped`, where it does not run: that is as strict as `maint`.
    public init(
        own: ServiceState, server: ServiceState, rollout: ServiceState = .ready, absence: Origin? = nil
    ) {
        self.init(
            [(own, .service), (server, .server), (rollout, .rollout)] + (absence.map { [(.maint, $0)] } ?? []))
    }

    /// The strictest of at least one state; of equals, the first.
    private init(_ states: [(state: ServiceState, origin: Origin)]) {
        let strictest = states.dropFirst().reduce(states[0]) { $1.state > $0.state ? $1 : $0 }
        self.init(strictest.state, of: strictest.origin)
    }
}

extension ServiceState: Comparable {
    /// Stricter states are greater: `maint` is the greatest.
    public static func < (a: Self, b: Self) -> Bool { a.strictness < b.strictness }

    private var strictness: Int {
        switch self {
        case .ready: 0
        case .drain: 1
        case .maint: 2
        }
    }
}

extension EffectiveState: CustomStringConvertible {
    /// `drain`, or with the origin if that is not the instance itself: `drain (server)`
    public var description: String {
        origin == .service ? state.rawValue : "\(state.rawValue) (\(origin.rawValue))"
    }
}
