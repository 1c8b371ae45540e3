/// Wakes those who wait for something to have another tag (`Prefer: wait`): the export of a location, the configuration
/// of a service.
package actor TagWaiters {
    private struct Waiter {
        /// Whether it has been told of what has the tag.
        package var knows: @Sendable (String) -> Bool
        /// The generation of the tokens that it has seen.
        package var tokens: Int
        package var continuation: CheckedContinuation<Wake, Never>
    }

    /// Why somebody is woken.
    package enum Wake: Sendable {
        case change
        /// Tokens came or went: each has to look whether its own is still there.
        case tokens
    }

    private var generation = 0
    private var tokenGeneration = 0
    private var tags: [String: String] = [:]
    /// By the key of what they wait for.
    private var waiters: [String: [Int: Waiter]] = [:]
    private var nextWaiter = 0

    /// How many wait now.
    package var waiting: Int { waiters.values.reduce(0) { $0 + $1.count } }

    /// Tells what the tags are at a generation of the registry, by key; an older one than known is ignored.
    func publish(generation: Int, tags: [String: String]) {
        guard generation > self.generation else { return }
        self.generation = generation
        let before = self.tags
        self.tags = tags
        for (key, list) in waiters where tags[key] != before[key] {
            for (id, waiter) in list where !isKnown(key, to: waiter.knows) { resume(id, of: key, .change) }
        }
    }

    /// Tells that tokens came or went; an older generation of them than known is ignored. Wakes everybody who has not
    /// seen it: that is rare, and a waiter for each token would cost every poll.
    func publishTokens(generation: Int) {
        guard generation > tokenGeneration else { return }
        tokenGeneration = generation
        for (key, list) in waiters {
            for (id, waiter) in list where waiter.tokens < generation { resume(id, of: key, .tokens) }
        }
    }

    /// Returns when what the key names has a tag that the waiter does not know, the tokens are other ones than it has
    /// seen, or the task is cancelled.
    ///
    /// - Parameter tokens: The generation of the tokens that the waiter has seen.
    package func change(
        of key: String, tokens: Int, from knows: @escaping @Sendable (String) -> Bool
    ) async -> Wake {
        let id = nextWaiter
        nextWaiter += 1
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Wake, Never>) in
                guard !Task.isCancelled, generation == 0 || isKnown(key, to: knows) else {
                    continuation.resume(returning: .change)
                    return
                }
                guard tokenGeneration <= tokens else {
                    continuation.resume(returning: .tokens)
                    return
                }
                waiters[key, default: [:]][id] = Waiter(knows: knows, tokens: tokens, continuation: continuation)
            }
        } onCancel: {
            Task { await self.resume(id, of: key, .change) }
        }
    }

    private func isKnown(_ key: String, to knows: (String) -> Bool) -> Bool { tags[key].map(knows) ?? false }

    private func resume(_ id: Int, of key: String, _ wake: Wake) {
        waiters[key]?.removeValue(forKey: id)?.continuation.resume(returning: wake)
        if waiters[key]?.isEmpty == true { waiters[key] = nil }
    }
}
