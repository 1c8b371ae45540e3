/// Wakes those who wait for the export of a location to differ (`Prefer: wait`).
actor ExportChanges {
    private struct Waiter {
        var location: String
        /// What it knows already.
        var condition: EntityTag.List
        var continuation: CheckedContinuation<Void, Never>
    }

    private var generation = 0
    private var tags: [String: String] = [:]
    private var waiters: [Int: Waiter] = [:]
    private var nextWaiter = 0

    /// How many wait now.
    var waiting: Int { waiters.count }

    /// Tells what the exports are at a generation of the registry; an older one than known is ignored.
    func publish(generation: Int, tags: [String: String]) {
        guard generation > self.generation else { return }
        self.generation = generation
        self.tags = tags
        for (id, waiter) in waiters where !isKnown(waiter.location, to: waiter.condition) {
            waiters[id] = nil
            waiter.continuation.resume()
        }
    }

    /// Returns when the location's export has an ETag that `condition` does not match, or the task is cancelled.
    func change(of location: String, from condition: EntityTag.List) async {
        let id = nextWaiter
        nextWaiter += 1
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled, generation == 0 || isKnown(location, to: condition) else {
                    continuation.resume()
                    return
                }
                waiters[id] = Waiter(location: location, condition: condition, continuation: continuation)
            }
        } onCancel: {
            Task { await self.cancel(id) }
        }
    }

    private func isKnown(_ location: String, to condition: EntityTag.List) -> Bool {
        tags[location].map(condition.matchesWeakly) ?? false
    }

    private func cancel(_ id: Int) {
        waiters.removeValue(forKey: id)?.continuation.resume()
    }
}
