import CMalloc
import HTTPTypes
import Synchronization

/// Limits the memory for large bodies: a few are received at the same time, one is processed, and some wait for their
/// turn before they are read. While it is processed, a body takes ten times its size.
actor LargeRequests {
    /// The size in bytes from which a body is large. A body of unknown length is large.
    static let threshold = 1 << 20
    /// How many bodies are in memory at the same time.
    static let received = 2
    /// How many requests may wait to send their bodies.
    static let waiting = 16

    private var places = LargeRequests.received
    private var queue: [CheckedContinuation<Void, Never>] = []
    private var isWorking = false
    private var ready: [CheckedContinuation<Void, Never>] = []

    /// The place of one request.
    final class Ticket: Sendable {
        private let requests: LargeRequests
        fileprivate let hasBegun = Mutex(false)

        fileprivate init(_ requests: LargeRequests) { self.requests = requests }

        /// Waits until no other body is being processed. From then until the end of the request, others wait.
        func begin() async {
            guard !hasBegun.withLock({ $0 }) else { return }
            await requests.begin()
            hasBegun.withLock { $0 = true }
        }
    }

    /// Runs `body` with a ticket as soon as a place is free.
    ///
    /// Throws a 503 if too many requests are waiting already.
    nonisolated func run<Value: Sendable>(_ body: (Ticket) async throws -> Value) async throws -> Value {
        try await enter()
        let ticket = Ticket(self)
        do {
            let value = try await body(ticket)
            await leave(ticket)
            return value
        } catch {
            await leave(ticket)
            throw error
        }
    }

    private func enter() async throws {
        guard places == 0 else {
            places -= 1
            return
        }
        guard queue.count < Self.waiting else {
            throw APIProblem(
                .serviceUnavailable, "\(queue.count) large requests wait already; ask again.",
                headers: [.retryAfter: "30"])
        }
        await withCheckedContinuation { queue.append($0) }
    }

    private func begin() async {
        if isWorking { await withCheckedContinuation { ready.append($0) } } else { isWorking = true }
        // Returns the memory of the previous body to the system.
        malloc_trim(0)
    }

    /// Passes the place on, and lets the next request be processed.
    private func leave(_ ticket: Ticket) {
        if queue.isEmpty { places += 1 } else { queue.removeFirst().resume() }
        guard ticket.hasBegun.withLock({ $0 }) else { return }
        if ready.isEmpty { isWorking = false } else { ready.removeFirst().resume() }
        // Returns the memory of a large body to the system, since the allocator would keep it. The threads that
        // processed it release it a little later.
        Task {
            try? await Task.sleep(for: .seconds(1))
            malloc_trim(0)
        }
    }
}
