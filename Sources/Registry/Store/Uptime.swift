/// Time since the process first asked.
public enum Uptime {
    private static let start = ContinuousClock.now

    @Sendable public static func now() -> Duration { ContinuousClock.now - start }
}
