/// Wakes those who wait for something to have another tag (`Prefer: wait`): the export of a location, the configuration of
/// a service.
actor TagChanges {
    private struct Waiter {
        /// Whether it has been told of what has the tag.
        var knows: @Sendable (String) -> Bool
        var continuation: CheckedContinuation<Void, Never>
    }

    private var generation = 0
    private var tags: [String: String] = [:]
    /// By the key of what they wait for.
    private var waiters: [String: [Int: Waiter]] = [:]
    private var nextWaiter = 0

    /// How many wait now.
    var waiting: Int { waiters.values.reduce(0) { $0 + $1.count } }

    /// Tells what the tags are at a generation of the registry, by key; an older one than known is ignored.
    func publish(generation: Int, tags: [String: String]) {
        guard generation > self.generation else { return }
        self.generation = generation
        let before = self.tags
        self.tags = tags
        for (key, list) in waiters where tags[key] != before[key] {
            for (id, waiter) in list where !isKnown(key, to: waiter.knows) { resume(id, of: key) }
        }
    }

    /// Returns when what the key names has a tag that the waiter does not know, or the task is cancelled.
    func change(of key: String, from knows: @escaping @Sendable (String) -> Bool) async {
        let id = nextWaiter
        nextWaiter += 1
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled, generation == 0 || isKnown(key, to: knows) else {
                    continuation.resume()
                    return
                }
                waiters[key, default: [:]][id] = Waiter(knows: knows, continuation: continuation)
            }
        } onCancel: {
            Task { await self.resume(id, of: key) }
        }
    }

    private func isKnown(_ key: String, to knows: (String) -> Bool) -> Bool { tags[key].map(knows) ?? false }

    private func resume(_ id: Int, of key: String) {
        waiters[key]?.removeValue(forKey: id)?.continuation.resume()
        if waiters[key]?.isEmpty == true { waiters[key] = nil }
    }
}
