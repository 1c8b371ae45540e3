import NIOPosix

/// Work whose length a client decides, on threads of its own: those that answer requests are few, and `/healthz` needs one
/// whatever is being read.
enum LongWork {
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}
