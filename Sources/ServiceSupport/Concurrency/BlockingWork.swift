import NIOPosix

/// Threads for work whose length a client decides. The threads that answer requests are few, and `/healthz` needs one
/// whatever else is being read. NIO's own threads, for files and names, are not used either.
package enum BlockingWork {
    private static let threads = pool(of: 4)
    private static let oneThread = pool(of: 1)

    /// Runs `body` on one of a few threads.
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await threads.runIfActive(body)
    }

    /// Like `run`, but one at a time and always on the same thread, whose caches and memory are then warm.
    package static func runInTurn<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await oneThread.runIfActive(body)
    }

    private static func pool(of count: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
        return pool
    }
}
