import AdminAPI
import Foundation
import ServicesExport

/// A gateway in the roster.
struct KnownGateway: Sendable, Hashable {
    package private(set) var report = GatewayReport()
    /// When it first reported the export that it has applied.
    package private(set) var since: Date
    /// When it first reported the export that it holds back.
    private(set) var heldSince: Date?
    /// The time of its last poll by the wall clock.
    package private(set) var lastPoll: Date
    /// The time of its last poll by `Registry.uptime`, so that its age does not depend on a clock that may be set.
    private var heard: Duration
    /// Polls that are being answered.
    var openPolls = 0
    /// Counts new gateways, so that a poll of a forgotten one is not counted for its successor; 0 for a gateway from
    /// before ADMIN started.
    let incarnation: Int

    init(now: Date, uptime: Duration, incarnation: Int = 0) {
        since = now
        lastPoll = now
        heard = uptime
        self.incarnation = incarnation
    }

    /// Notes that it has polled.
    mutating func hear(now: Date, uptime: Duration) {
        lastPoll = now
        heard = uptime
    }

    /// Takes its new report.
    package mutating func note(_ report: GatewayReport, now: Date, uptime: Duration) {
        if self.report.applied != report.applied { since = now }
        if self.report.held?.tag != report.held?.tag { heldSince = now }
        if report.held == nil { heldSince = nil }
        self.report = report
        hear(now: now, uptime: uptime)
    }

    /// - Parameters:
    ///   - current: The ETag of its location's export, in the version that it reads.
    ///   - needed: The version that the export needs, where the gateway does not read it.
    func resource(
        _ id: GatewayID, current: String?, needed: ServicesCSV.Version? = nil, now: Date, uptime: Duration
    ) -> GatewayResource {
        let isPolling = openPolls > 0
        return GatewayResource(
            name: id.name, location: id.location, role: report.role, applied: report.applied,
            since: Timestamp.text(since), lastPoll: Timestamp.text(isPolling ? now : lastPoll),
            age: isPolling ? 0 : (max(0, (uptime - heard) / .seconds(1)) * 1000).rounded() / 1000,
            current: current, inSync: needed == nil && current != nil && report.applied == current,
            held: report.held.map { held in
                GatewayResource.HeldExport(
                    etag: held.tag, reason: held.reason, decision: held.decision,
                    since: Timestamp.text(heldSince ?? now))
            },
            failures: report.failures, exportVersion: report.exportVersion.rawValue,
            neededVersion: needed?.rawValue)
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
        // Its age counts from now on, even if its last poll is in the future because the clock was set back.
        heard = uptime - .seconds(max(0, now.timeIntervalSince(lastPoll)))
    }

    func stored(as id: GatewayID) -> StoredGateway {
        StoredGateway(id: id, report: report, since: since, heldSince: heldSince, lastPoll: lastPoll)
    }
}
