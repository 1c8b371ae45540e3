import ServiceLifecycle

extension Service {
    /// Looks again and again until the service group shuts down.
    ///
    /// - Parameters:
    ///   - name: the loop's name in `turns`.
    ///   - turns: is told each time that the loop has come around.
    ///   - look: does what is due, and returns the time until the next look.
    func repeatUntilShutdown(
        _ name: String, _ turns: LoopTurns, _ look: @escaping @Sendable () async -> Duration
    ) async {
        turns.begin(name)
        try? await cancelWhenGracefulShutdown {
            while true {
                let pause = await look()
                turns.note(name)
                try await Task.sleep(for: pause)
            }
        }
    }
}
