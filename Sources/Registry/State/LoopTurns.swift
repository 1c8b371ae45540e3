import Synchronization

/// How often each of ADMIN's loops has come around, so that one that is stuck can be told.
package final class LoopTurns: Sendable {
    private let turns = Mutex<[String: Int]>([:])

    package init() {}

    /// A loop begins; it has come around never yet.
    package func begin(_ loop: String) { turns.withLock { $0[loop] = 0 } }

    /// A loop has come around.
    package func note(_ loop: String) { turns.withLock { $0[loop, default: 0] += 1 } }

    /// The turns of each loop since its start.
    package var counts: [String: Int] { turns.withLock { $0 } }
}
