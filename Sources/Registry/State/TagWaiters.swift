/// Wakes those who wait until something has another tag (`Prefer: wait`): the export of a location, the configuration
/// of a service, or a list, whose tag counts its changes.
package actor TagWaiters {
    private struct Waiter {
        /// Whether the waiter already has the thing with this tag.
        package var knows: @Sendable (String) -> Bool
        /// Whether the waiter knows that the thing does not exist.
        package var knowsAbsence: Bool
        /// The generation of the tokens that the waiter has seen.
        package var tokens: Int
        package var continuation: CheckedContinuation<Wake, Never>
    }

    /// Why a waiter is woken.
    package enum Wake: Sendable {
        case change
        /// Tokens were added or removed: each waiter must check whether its own still exists.
        case tokens
    }

    private var generation = 0
    private var tokenGeneration = 0
    private var tags: [String: String] = [:]
    /// By the key of the thing they wait for.
    private var waiters: [String: [Int: Waiter]] = [:]
    private var nextWaiter = 0

    package init() {}

    /// The number of requests that wait. ADMIN's own parts, which no change of tokens wakes (`tokens: .max`), do not
    /// count.
    package var waiting: Int {
        waiters.values.reduce(0) { sum, list in sum + list.values.count { $0.tokens < .max } }
    }

    /// Sets the tags at a generation of the registry, by key. A generation older than the known one is ignored.
    func publish(generation: Int, tags: [String: String]) {
        guard generation > self.generation else { return }
        self.generation = generation
        let before = self.tags
        self.tags = tags
        for (key, list) in waiters where tags[key] != before[key] {
            for (id, waiter) in list where !isKnown(key, to: waiter) { resume(id, of: key, .change) }
        }
    }

    /// The tag of something that is counted instead of published.
    package func tag(of key: String) -> String {
        if let tag = tags[key] { return tag }
        generation = max(generation, 1)
        tags[key] = "0"
        return "0"
    }

    /// Gives something that is counted its next tag. Cost: a look at those who wait for it.
    func advance(_ key: String) {
        tags[key] = "\((Int(tag(of: key)) ?? 0) + 1)"
        for (id, waiter) in waiters[key] ?? [:] where !isKnown(key, to: waiter) { resume(id, of: key, .change) }
    }

    /// Sets the tag of something that is not published; `nil`: there is no such thing any more. Cost: a look at those
    /// who wait for it.
    func set(_ tag: String?, of key: String) {
        generation = max(generation, 1)
        tags[key] = tag
        for (id, waiter) in waiters[key] ?? [:] where !isKnown(key, to: waiter) { resume(id, of: key, .change) }
    }

    /// Announces that tokens were added or removed; a generation older than the known one is ignored. Wakes every
    /// waiter that has not seen it. That is rare, and to register the waiters by token would cost every poll.
    func publishTokens(generation: Int) {
        guard generation > tokenGeneration else { return }
        tokenGeneration = generation
        for (key, list) in waiters {
            for (id, waiter) in list where waiter.tokens < generation { resume(id, of: key, .tokens) }
        }
    }

    /// Returns when the thing with this key has a tag that the waiter does not know, when the tokens differ from
    /// those it has seen, or when the task is cancelled.
    ///
    /// - Parameters:
    ///   - tokens: the generation of the tokens that the waiter has seen.
    ///   - knowsAbsence: whether it waits for as long as there is no such thing.
    package func change(
        of key: String, tokens: Int, knowingAbsence knowsAbsence: Bool = false,
        from knows: @escaping @Sendable (String) -> Bool
    ) async -> Wake {
        let id = nextWaiter
        nextWaiter += 1
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Wake, Never>) in
                let waiter = Waiter(
                    knows: knows, knowsAbsence: knowsAbsence, tokens: tokens, continuation: continuation)
                guard !Task.isCancelled, generation == 0 || isKnown(key, to: waiter) else {
                    continuation.resume(returning: .change)
                    return
                }
                guard tokenGeneration <= tokens else {
                    continuation.resume(returning: .tokens)
                    return
                }
                waiters[key, default: [:]][id] = waiter
            }
        } onCancel: {
            Task { await self.resume(id, of: key, .change) }
        }
    }

    private func isKnown(_ key: String, to waiter: Waiter) -> Bool {
        tags[key].map(waiter.knows) ?? waiter.knowsAbsence
    }

    private func resume(_ id: Int, of key: String, _ wake: Wake) {
        waiters[key]?.removeValue(forKey: id)?.continuation.resume(returning: wake)
        if waiters[key]?.isEmpty == true { waiters[key] = nil }
    }
}
