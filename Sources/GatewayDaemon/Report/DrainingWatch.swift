import AdminAPI

/// When the connections of instances at weight 0 are counted and told: with each report as long as there are any, or
/// there were changes lately; else now and then. Where no instance is at weight 0, nothing is counted.
struct DrainingWatch {
    /// How long counts that do not change are taken with each report although there are no connections.
    static let patience = Duration.seconds(60)

    /// As they were last counted; `nil`: no instance is at weight 0.
    private(set) var draining: GatewayReport.Draining?
    private var changedAt = ContinuousClock.now
    private var countedAt = ContinuousClock.now

    /// Whether it is time to count.
    /// - Parameter export: the ETag of the export in force.
    func isDue(for export: String, at now: ContinuousClock.Instant) -> Bool {
        draining?.export != export || isClose(at: now) || now - countedAt >= Self.patience
    }

    /// Whether the counts are told with each report, changed or not: somebody may wait for them.
    func isClose(at now: ContinuousClock.Instant) -> Bool {
        guard let draining else { return false }
        return now - changedAt < Self.patience || draining.connections.values.contains { $0 > 0 }
    }

    /// Takes new counts.
    mutating func take(_ counts: GatewayReport.Draining?, at now: ContinuousClock.Instant) {
        if counts != draining { changedAt = now }
        draining = counts
        countedAt = now
    }
}
