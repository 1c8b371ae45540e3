/// The time since the process first asked for it.
public enum Uptime {
    private static let start = ContinuousClock.now

    @Sendable public static func now() -> Duration { ContinuousClock.now - start }
}
