import AdminAPI
import AdminClient
import CommandLineSupport
import Names
import Text

/// Waits until services that a change starts run, so that ADMIN exports them.
struct StartWait {
    private let client: AdminResources
    private let seconds: Int
    private let deadline: ContinuousClock.Instant
    /// The longest that an answer is held, in seconds.
    private static let longestHold = 5
    /// How many names of what is still open are printed, while it waits and at the end.
    private static let shown = 5
    private static let shownAtLast = 20

    /// - Parameters:
    ///   - seconds: the time after which the wait fails.
    ///   - start: when that time began.
    init(_ client: AdminResources, within seconds: Int, since start: ContinuousClock.Instant) {
        self.client = client
        self.seconds = seconds
        deadline = start + .seconds(seconds)
    }

    /// Returns when none of the services is starting any more.
    ///
    /// Throws `CommandError` with what is still open when the time is over.
    ///
    /// - Returns: the servers of those that were waited for.
    func run(_ names: Set<ExactText>) async throws -> Set<ExactText> {
        var request = AdminRequest(.get, .services)
        var servers: Set<ExactText> = []
        var starting: [ServiceResource] = []
        var progress = WaitProgress()
        defer { progress.end() }
        while true {
            request.wait = request.known.isEmpty ? 0 : max(0, min(Self.longestHold, left))
            do {
                if let answer = try await client.sendUnlessKnown(request) {
                    let services: [ServiceResource] = try client.value(of: answer, to: request)
                    request.known = answer.eTag.map { [$0] } ?? []
                    starting = services.filter {
                        names.contains(ExactText($0.name)) && $0.effectiveState.origin == .starting
                    }
                    servers.formUnion(starting.map { ExactText($0.server) })
                }
                guard !starting.isEmpty else { return servers }
                progress.show("\(text(starting, atMost: Self.shown)) to run")
            } catch let error as CommandError where error.isTransient && left > 0 {
                // ADMIN is being restarted, or cannot be reached for now.
                try await Task.sleep(for: .seconds(1))
            }
            guard left > 0 else {
                progress.end()
                throw CommandError(
                    "after \(seconds) s not running yet: \(text(starting, atMost: Self.shownAtLast))",
                    hint:
                        "What was changed stays; `portcullis nodes show \(starting.first?.server ?? "SERVER")` says why."
                )
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private var left: Int { Int((deadline - .now).components.seconds) }

    /// `pgw.3 on app3, pgw.4 on app4`
    private func text(_ services: [ServiceResource], atMost count: Int) -> String {
        services.map { "\($0.name) on \($0.server)".printable }.joined(atMost: count)
    }
}
