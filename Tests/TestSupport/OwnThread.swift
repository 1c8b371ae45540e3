import Foundation

/// Runs what blocks on a thread of its own.
///
/// Swift's concurrency has as many threads as the machine has cores, and takes none in addition when they block: on two
/// cores, two tests that wait in `recv` would stop all tasks, and with them the server that both wait for.
package func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}

/// As above, for what cannot fail.
package func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}
