/// What becomes of the services of a type whose server is lost: `on-server-lost` in its meta-configuration.
public struct ServerLossPolicy: Sendable, Hashable {
    /// Seconds without a sign of life after which the server is lost.
    public var after = Self.usualTime
    /// Whether its services move to another server.
    public var moves = false
    /// Whether a service may run at one place only: a server that does not hear of ADMIN stops it by itself.
    public var isExclusive = false

    package init(after: Int = usualTime, moves: Bool = false, isExclusive: Bool = false) {
        self.after = after
        self.moves = moves
        self.isExclusive = isExclusive
    }

    /// Seconds after which a server is lost where nothing else is said.
    package static let usualTime = 60
    /// Seconds that `after` may have.
    package static let times = 5...3_600

    /// Seconds after ADMIN's last answer at which a server stops such a service by itself; `nil`: it does not.
    package var lease: Int? { isExclusive ? max(10, (after + 1) / 2) : nil }
}
