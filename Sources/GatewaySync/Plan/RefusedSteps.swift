public import Netlink

/// Steps that the kernel has refused. Plans go on without them, and without what depends on them, until it is time to
/// try again: at the next poll first, then less and less often.
public struct RefusedSteps: Sendable, Hashable {
    /// What was refused: a command without its settings, or the transaction on our table.
    public enum Step: Sendable, Hashable {
        case addService(IPVS.ServiceIdentity)
        case setService(IPVS.ServiceIdentity)
        case deleteService(IPVS.ServiceIdentity)
        case addDestination(IPVS.DestinationIdentity, to: IPVS.ServiceIdentity)
        case setDestination(IPVS.DestinationIdentity, of: IPVS.ServiceIdentity)
        case deleteDestination(IPVS.DestinationIdentity, of: IPVS.ServiceIdentity)
        case table
    }

    public struct Refusal: Sendable, Hashable {
        /// What the kernel said last.
        public var error: NetlinkError
        /// When it was refused first, in seconds of the boot clock.
        public var since: Int
        /// How often it was refused.
        public var attempts: Int
        /// When it is tried again, in seconds of the boot clock.
        public var retryAt: Int
    }

    /// Seconds between the first two tries.
    private static let firstPause = 3
    /// Seconds between later tries, at most.
    package static let longestPause = 60

    public private(set) var refusals: [Step: Refusal] = [:]

    public init() {}

    public var isEmpty: Bool { refusals.isEmpty }

    /// Whether a step is due that was refused before.
    public func isDue(at now: Int) -> Bool { refusals.values.contains { $0.retryAt <= now } }

    /// The steps that plans leave out now.
    public func standing(at now: Int) -> Set<Step> {
        Set(refusals.lazy.filter { $0.value.retryAt > now }.map(\.key))
    }

    package mutating func add(_ step: Step, _ error: NetlinkError, now: Int) {
        guard var refusal = refusals[step] else {
            refusals[step] = Refusal(error: error, since: now, attempts: 1, retryAt: now + Self.firstPause)
            return
        }
        refusal.error = error
        refusal.attempts += 1
        refusal.retryAt = now + min(Self.firstPause << min(refusal.attempts - 1, 10), Self.longestPause)
        refusals[step] = refusal
    }

    /// Forgets steps that were due and are no longer refused.
    mutating func clear(dueAt now: Int) { refusals = refusals.filter { $0.value.retryAt > now } }

    /// The export has changed something here: what was refused may be right now.
    mutating func clear(_ services: Set<IPVS.ServiceIdentity>) {
        guard !refusals.isEmpty else { return }
        refusals = refusals.filter { step, _ in step.service.map { !services.contains($0) } ?? false }
    }
}

extension RefusedSteps.Step {
    package init(_ command: IPVS.Command) {
        switch command {
        case .addService(let service, _): self = .addService(service)
        case .setService(let service, _): self = .setService(service)
        case .deleteService(let service): self = .deleteService(service)
        case .addDestination(let server, _, to: let service): self = .addDestination(server, to: service)
        case .setDestination(let server, _, of: let service): self = .setDestination(server, of: service)
        case .deleteDestination(let server, of: let service): self = .deleteDestination(server, of: service)
        }
    }

    /// `nil` for the table.
    package var service: IPVS.ServiceIdentity? {
        switch self {
        case .addService(let service), .setService(let service), .deleteService(let service),
            .addDestination(_, to: let service), .setDestination(_, of: let service),
            .deleteDestination(_, of: let service):
            service
        case .table: nil
        }
    }
}
