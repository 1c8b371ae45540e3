import NIOPosix

/// Work whose length a client decides, on threads of its own: those that answer requests are few, and `/healthz` needs
/// one whatever is being read; those that NIO keeps for files and names are others too.
package enum BlockingWork {
    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        return pool
    }()

    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await threads.runIfActive(body)
    }
}
