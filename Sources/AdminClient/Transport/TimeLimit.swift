/// Runs `body` for as long as the limit; then cancels it and throws.
func withTimeLimit<Value: Sendable>(
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
        // The first to end decides; a sleep that is cancelled from outside throws.
        guard let value = try await group.next() ?? nil else { throw error() }
        return value
    }
}
