/// How long to wait for the kernel, counted from the first wait.
///
/// The kernel usually has its answer ready at once, so the clock is read only when there is something to wait for:
/// where the clock source is not the processor (hpet, in many virtual machines), each reading costs as much as a
/// small request.
struct Deadline {
    private let timeout: Duration
    private var instant: ContinuousClock.Instant?

    /// - Parameter timeout: `.zero` neither waits nor reads the clock.
    init(in timeout: Duration) { self.timeout = timeout }

    static let immediate = Deadline(in: .zero)

    /// The remaining time; `.zero` or less if it is over.
    mutating func remaining() -> Duration {
        guard timeout > .zero else { return .zero }
        let now = ContinuousClock.now
        guard let instant else {
            instant = now + timeout
            return timeout
        }
        return instant - now
    }
}
