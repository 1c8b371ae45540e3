import AdminAPI
import Foundation
import ServicesExport

/// A gateway as the roster remembers it.
struct KnownGateway: Sendable, Hashable {
    package private(set) var report = GatewayReport()
    /// Since when it has the export that it has applied.
    package private(set) var since: Date
    /// Since when it holds back what it holds back.
    private(set) var heldSince: Date?
    package private(set) var lastPoll: Date
    /// When it polled last by `Registry.uptime`: how long ago that is must not hang on a clock that is set.
    private var heard: Duration
    /// Polls that are being answered.
    var openPolls = 0
    /// Counts the gateways that were new, so that a poll of one that was forgotten is not counted to its successor; 0:
    /// it is from before ADMIN started.
    let incarnation: Int

    init(now: Date, uptime: Duration, incarnation: Int = 0) {
        since = now
        lastPoll = now
        heard = uptime
        self.incarnation = incarnation
    }

    /// Notes that it is there.
    mutating func hear(now: Date, uptime: Duration) {
        lastPoll = now
        heard = uptime
    }

    /// Takes what it says now.
    package mutating func note(_ report: GatewayReport, now: Date, uptime: Duration) {
        if self.report.applied != report.applied { since = now }
        if self.report.held?.tag != report.held?.tag { heldSince = now }
        if report.held == nil { heldSince = nil }
        self.report = report
        hear(now: now, uptime: uptime)
    }

    /// - Parameter current: The ETag of its location's export, in the version that it reads.
    package func resource(_ id: GatewayID, current: String?, now: Date, uptime: Duration) -> GatewayResource {
        let isPolling = openPolls > 0
        return GatewayResource(
            name: id.name, location: id.location, role: report.role, applied: report.applied,
            since: Timestamp.text(since), lastPoll: Timestamp.text(isPolling ? now : lastPoll),
            age: isPolling ? 0 : (max(0, (uptime - heard) / .seconds(1)) * 1000).rounded() / 1000,
            current: current, inSync: current != nil && report.applied == current,
            held: report.held.map { held in
                GatewayResource.HeldExport(
                    etag: held.tag, reason: held.reason, decision: held.decision,
                    since: Timestamp.text(heldSince ?? now))
            },
            failures: report.failures, exportVersion: report.exportVersion.rawValue)
    }
}

// MARK: The store

extension KnownGateway {
    init(_ stored: StoredGateway, now: Date, uptime: Duration) {
        self.init(now: now, uptime: uptime)
        report = stored.report
        since = stored.since ?? now
        heldSince = report.held.map { _ in stored.heldSince ?? now }
        lastPoll = stored.lastPoll ?? now
        // From here on it ages, also one that polled in what is the future for a clock that was set back.
        heard = uptime - .seconds(max(0, now.timeIntervalSince(lastPoll)))
    }

    func stored(as id: GatewayID) -> StoredGateway {
        StoredGateway(id: id, report: report, since: since, heldSince: heldSince, lastPoll: lastPoll)
    }
}
