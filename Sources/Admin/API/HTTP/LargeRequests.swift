import CMalloc
import HTTPTypes
import Synchronization

/// Bounds the memory of large bodies: a few are received at the same time, one is worked on, and some wait for their
/// turn with nothing read. A body takes ten times its size while it is worked on.
actor LargeRequests {
    /// Bytes from which on a body is large; one whose length is not told is.
    static let threshold = 1 << 20
    /// Bodies that are in memory at the same time.
    static let received = 2
    /// Requests that wait to send theirs.
    static let waiting = 16

    private var places = LargeRequests.received
    private var queue: [CheckedContinuation<Void, Never>] = []
    private var isWorking = false
    private var ready: [CheckedContinuation<Void, Never>] = []

    /// A request's place.
    final class Ticket: Sendable {
        private let requests: LargeRequests
        fileprivate let hasBegun = Mutex(false)

        fileprivate init(_ requests: LargeRequests) { self.requests = requests }

        /// Waits until nobody else's body is being worked on. From then on the others wait, to the end of the request.
        func begin() async {
            guard !hasBegun.withLock({ $0 }) else { return }
            await requests.begin()
            hasBegun.withLock { $0 = true }
        }
    }

    /// Runs `body` with a ticket, when a place is free.
    ///
    /// Throws a 503 when too many wait already.
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
        // What the one before took.
        malloc_trim(0)
    }

    /// Whoever leaves gives its place on, and lets the next one work.
    private func leave(_ ticket: Ticket) {
        if queue.isEmpty { places += 1 } else { queue.removeFirst().resume() }
        guard ticket.hasBegun.withLock({ $0 }) else { return }
        if ready.isEmpty { isWorking = false } else { ready.removeFirst().resume() }
        // What a large body took goes back to the system; the allocator would keep it. The threads that worked on it
        // let go of it a little later.
        Task {
            try? await Task.sleep(for: .seconds(1))
            malloc_trim(0)
        }
    }
}
