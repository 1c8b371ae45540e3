import AdminAPI
import Text

/// The dumps of crashes that somebody waits for, and what the nodes of their servers send of them: in memory only.
///
/// A node learns from the answer to its poll which dumps are wanted, and sends each once. A dump is kept until the last
/// who waits for it has it.
package actor DumpWishes {
    /// What a node has answered.
    package enum Outcome: Sendable, Hashable {
        case dump([UInt8])
        /// It has none.
        case gone
    }

    private struct Wanted {
        let number: Int
        let server: String
        var readers = 1
        var outcome: Outcome?
    }

    private let registry: Registry
    private let limit: Int
    /// By the id of the crash; at most `limit`.
    private var wanted: [String: Wanted] = [:]
    /// The number of the newest wish; begins at random, so that a node does not take a wish for one of an earlier ADMIN.
    private var counter = Int.random(in: 1...1_000_000_000)
    /// Servers whose node has polled without a word on dumps.
    private var unable: Set<String> = []

    /// - Parameter limit: dumps that can be waited for at a time.
    package init(registry: Registry, limit: Int = Limits.wantedDumps) {
        self.registry = registry
        self.limit = limit
    }

    // MARK: Readers

    /// Why a dump cannot be had.
    package enum Refusal: Error, Sendable, Hashable {
        /// As many are waited for as can be.
        case full(limit: Int)
        /// The node is of a version that sends no dumps.
        case unable
    }

    /// Begins to wait for a dump; `end` must follow.
    package func begin(_ crash: String, on server: String) async throws(Refusal) {
        guard !unable.contains(server) else { throw .unable }
        if wanted[crash] != nil {
            wanted[crash]?.readers += 1
            return
        }
        guard wanted.count < limit else { throw .full(limit: limit) }
        counter += 1
        wanted[crash] = Wanted(number: counter, server: server)
        await registry.dumpChanges.set("0", of: Self.key(crash: crash))
        await publish(server)
    }

    /// Ends what `begin` began.
    package func end(_ crash: String) async {
        guard let known = wanted[crash] else { return }
        wanted[crash]?.readers -= 1
        guard known.readers == 1 else { return }
        wanted[crash] = nil
        await registry.dumpChanges.set(nil, of: Self.key(crash: crash))
        await publish(known.server)
    }

    /// What the node has answered; `nil`: nothing yet.
    package func outcome(of crash: String) -> Outcome? { wanted[crash]?.outcome }

    /// Returns when the node has answered, when the tokens differ, or when the task is cancelled.
    ///
    /// - Parameter tokens: the generation of the tokens that the reader has seen.
    package func answer(of crash: String, tokens: Int) async -> TagWaiters.Wake {
        await registry.dumpChanges.change(of: Self.key(crash: crash), tokens: tokens) { $0.isExactly("0") }
    }

    // MARK: Nodes

    /// Notes a node's poll.
    ///
    /// - Parameter known: the wishes that it knows, as it says; `nil`: it sends no dumps.
    package func polled(by server: String, knowing known: String?) {
        if known == nil { unable.insert(server) } else { unable.remove(server) }
    }

    /// The value of `NodeHeader.dumps` for a server; `nil`: nothing is wanted of it. Cost: a look at each wish.
    package func wishes(for server: String) -> String? {
        let open = wanted.filter { $0.value.server.isExactly(server) && $0.value.outcome == nil }
        return WantedDump.text(
            open.sorted { $0.value.number < $1.value.number }
                .map { WantedDump(crash: $0.key, number: $0.value.number) })
    }

    /// Returns when something is wanted of a server that its node does not know, when the tokens differ, or when the task
    /// is cancelled.
    package func news(for server: String, knowing known: String, tokens: Int) async -> TagWaiters.Wake {
        let known = Set(WantedDump.list(known))
        return await registry.dumpChanges.change(of: Self.key(server: server), tokens: tokens, knowingAbsence: true) {
            known.isSuperset(of: WantedDump.list($0))
        }
    }

    /// Whether a dump is wanted of a server, and has not come.
    package func isWanted(_ crash: String, of server: String) -> Bool {
        wanted[crash].map { $0.server.isExactly(server) && $0.outcome == nil } ?? false
    }

    /// Takes what a node answers.
    /// - Returns: whether it was wanted.
    @discardableResult
    package func take(_ outcome: Outcome, of crash: String, from server: String) async -> Bool {
        guard isWanted(crash, of: server) else { return false }
        wanted[crash]?.outcome = outcome
        await registry.dumpChanges.set("1", of: Self.key(crash: crash))
        await publish(server)
        return true
    }

    private func publish(_ server: String) async {
        await registry.dumpChanges.set(wishes(for: server), of: Self.key(server: server))
    }

    private static func key(crash: String) -> String { "crash \(crash)" }
    private static func key(server: String) -> String { "server \(server)" }
}
