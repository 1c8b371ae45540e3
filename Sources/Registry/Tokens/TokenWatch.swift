package import Logging
import ServiceLifecycle

/// Finds tokens that another process has removed, and writes the last uses of tokens.
package struct TokenWatch: Service {
    /// How long a poll may still be held with a revoked token, which is refused at the next request in any case.
    package static let interval = Duration.milliseconds(250)
    /// Looks between two writes of last uses: half a minute.
    static let looksPerFlush = 120

    package let tokens: TokenStore
    package let logger: Logger

    package init(tokens: TokenStore, logger: Logger) {
        self.tokens = tokens
        self.logger = logger
    }

    /// Looks regularly until the service group shuts down.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var known = 0
            for look in 1... {
                // If the store cannot be read now, the next look reads it; a request reports the error.
                if let generation = try? await tokens.generation(), generation != known {
                    await tokens.publish()
                    known = generation
                }
                if look % Self.looksPerFlush == 0 { await flush() }
                try await Task.sleep(for: Self.interval)
            }
        }
        await flush()
    }

    private func flush() async {
        do {
            try await tokens.flushUses()
        } catch {
            logger.failure("last uses of tokens cannot be stored", error)
        }
    }
}
