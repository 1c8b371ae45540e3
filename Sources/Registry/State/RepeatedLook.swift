import ServiceLifecycle

extension Service {
    /// Looks again and again until the service group shuts down.
    ///
    /// - Parameter look: does what is due, and returns the time until the next look.
    func repeatUntilShutdown(_ look: @escaping @Sendable () async -> Duration) async {
        try? await cancelWhenGracefulShutdown {
            while true { try await Task.sleep(for: await look()) }
        }
    }
}
