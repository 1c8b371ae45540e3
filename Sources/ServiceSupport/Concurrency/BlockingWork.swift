import NIOPosix

/// Work whose length a client decides, on threads of its own: those that answer requests are few, and `/healthz` needs
/// one whatever is being read; those that NIO keeps for files and names are others too.
package enum BlockingWork {
    private static let threads = pool(of: 4)
    private static let oneThread = pool(of: 1)

    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await threads.runIfActive(body)
    }

    /// As `run`, one at a time and all on one thread, whose caches and memory the next finds warm.
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
