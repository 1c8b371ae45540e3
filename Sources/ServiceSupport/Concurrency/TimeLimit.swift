/// Runs `body` within the limit. If it takes longer, cancels it and throws.
package func withTimeLimit<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value,
    otherwise error: @escaping @Sendable () -> any Error
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        // The first task to end decides. A sleep that is cancelled from outside throws.
        guard let value = try await group.next() ?? nil else { throw error() }
        return value
    }
}
