import Cloud
import Foundation
public import Logging
public import ServiceLifecycle

/// Ends the states that were set for a time: the server or service is ready afterwards, and an event says so.
///
/// How long a state has left is taken from the wall clock once, when it is first seen; from then on a clock counts that
/// cannot be set. So a state lasts as long as it was meant to, however the wall clock jumps while ADMIN runs; after a
/// restart the time that is stored counts. Several ADMINs may do this at once: only a state that still ends at the time
/// is ended.
public actor StateClock: Service {
    /// The time between two looks. Each reads one row.
    static let interval = Duration.seconds(1)
    /// The time until an end that was refused is tried again.
    static let patience = Duration.seconds(60)

    private struct Deadline {
        var until: String
        /// By `Registry.uptime`.
        var at: Duration
    }

    private let registry: Registry
    private let logger: Logger
    private var deadlines: [StateEnds.Subject: Deadline] = [:]

    public init(registry: Registry, logger: Logger) {
        self.registry = registry
        self.logger = logger
    }

    /// Works until the service group shuts down.
    public func run() async throws {
        await repeatUntilShutdown("states", registry.loops) {
            await self.look()
            return Self.interval
        }
    }

    /// Ends the states that are due.
    package func look() async {
        guard let state = try? await registry.state() else { return }
        let (now, uptime) = (registry.now(), registry.uptime())
        let ends = state.stateEnds.ends
        deadlines = deadlines.filter { ends[$0.key] == $0.value.until }
        for (subject, until) in ends where deadlines[subject] == nil {
            let left = Timestamp.date(until)?.timeIntervalSince(now) ?? 0
            deadlines[subject] = Deadline(until: until, at: uptime + .seconds(max(0, left)))
        }
        let due = deadlines.filter { $0.value.at <= uptime }.mapValues(\.until)
        guard !due.isEmpty else { return }
        guard case .refused = await end(due), due.count > 1 else { return }
        // One that is refused must not keep the others from ending.
        for (subject, until) in due { _ = await end([subject: until]) }
    }

    private enum Outcome {
        case ended
        /// The states contradict the rest of the cloud.
        case refused
        /// The registry could not store the change, whatever it is, or was not to: the clock is being stopped.
        case failed
    }

    private func end(_ due: [StateEnds.Subject: String]) async -> Outcome {
        do {
            _ = try await registry.write(by: ChangeAuthor(TokenGrant.clock), dryRun: false) { cloud, _ in cloud.end(due)
            }
            return .ended
        } catch {
            for subject in due.keys { deadlines[subject]?.at = registry.uptime() + Self.patience }
            let names = due.keys.map(\.description).sorted().prefix(5).joined(separator: ", ")
            let isRefused = error is ChangeError
            let reason = isRefused ? "ready is refused" : "that cannot be stored"
            logger.failure(
                "a state is over, but \(reason): it goes on, and is tried again each minute", error,
                ["of": "\(names)"])
            return isRefused ? .refused : .failed
        }
    }
}
