/// Reads the state from the rows only once for all who want it at the same time.
actor StateLoader {
    private var running: Task<RegistryState, any Error>?

    /// Returns the result of `read`, or that of a read that is already running and may have begun earlier.
    package func state(_ read: @escaping @Sendable () async throws -> RegistryState) async throws -> RegistryState {
        if let running { return try await running.value }
        let task = Task { try await read() }
        running = task
        defer { running = nil }
        return try await task.value
    }
}
