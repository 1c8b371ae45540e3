/// How long to wait for the kernel, from the first wait on.
///
/// The kernel has most answers ready when it is asked, so the clock is read only once there is something to wait for:
/// where the clock source is not the processor's (hpet, in many virtual machines), each reading costs as much as a
/// small request.
struct Deadline {
    private let timeout: Duration
    private var instant: ContinuousClock.Instant?

    /// - Parameter timeout: `.zero` does not wait, and reads no clock.
    init(in timeout: Duration) { self.timeout = timeout }

    static let immediate = Deadline(in: .zero)

    /// What is left of the time; `.zero` or less when it is over.
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
