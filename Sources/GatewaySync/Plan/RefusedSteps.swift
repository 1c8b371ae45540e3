public import Netlink

/// Steps that the kernel has refused. Plans leave them out, together with whatever depends on them, until the next
/// attempt. The first attempt is at the next poll; the pauses then grow.
public struct RefusedSteps: Sendable, Hashable {
    /// A refused step: a command without its settings, or the transaction on table `inet portcullis`.
    public enum Step: Sendable, Hashable {
        case addService(IPVS.ServiceIdentity)
        case setService(IPVS.ServiceIdentity)
        case deleteService(IPVS.ServiceIdentity)
        case addDestination(IPVS.DestinationIdentity, to: IPVS.ServiceIdentity)
        case setDestination(IPVS.DestinationIdentity, of: IPVS.ServiceIdentity)
        case deleteDestination(IPVS.DestinationIdentity, of: IPVS.ServiceIdentity)
        case table
    }

    /// A refused step's error, and its attempts.
    public struct Refusal: Sendable, Hashable {
        /// The kernel's latest error.
        public var error: NetlinkError
        /// When the step was first refused, in seconds of the boot clock.
        public var since: Int
        /// How often it was refused.
        public var attempts: Int
        /// When the step is tried again, in seconds of the boot clock.
        public var retryAt: Int
    }

    /// Seconds between the first two attempts.
    private static let firstPause = 3
    /// Seconds between later tries, at most.
    package static let longestPause = 60

    /// The refused steps.
    public private(set) var refusals: [Step: Refusal] = [:]

    public init() {}

    /// Whether no step is refused.
    public var isEmpty: Bool { refusals.isEmpty }

    /// Whether it is time to try a refused step again.
    public func isDue(at now: Int) -> Bool { refusals.values.contains { $0.retryAt <= now } }

    /// The steps that plans leave out at this time.
    public func standing(at now: Int) -> Set<Step> {
        Set(refusals.lazy.filter { $0.value.retryAt > now }.map(\.key))
    }

    /// Records that the kernel refused a step, and sets the time of the next attempt.
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

    /// Removes steps that were due and that the kernel no longer refuses.
    mutating func clear(dueAt now: Int) { refusals = refusals.filter { $0.value.retryAt > now } }

    /// Removes the refused steps of services that have changed, since they may succeed now.
    /// - Parameter andTable: whether the table may have changed, too.
    mutating func clear(_ services: Set<IPVS.ServiceIdentity>, andTable: Bool = true) {
        guard !refusals.isEmpty else { return }
        refusals = refusals.filter { step, _ in step.service.map { !services.contains($0) } ?? !andTable }
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

    /// The virtual service of the step; `nil` for the table.
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
