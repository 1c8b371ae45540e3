import AdminAPI
import Foundation
import ServicesExport

/// A gateway in the roster.
struct KnownGateway: Sendable, Hashable {
    package private(set) var heartbeat = GatewayHeartbeat()
    /// When it first reported the export that it has applied.
    package private(set) var since: Date
    /// When it first reported the export that it holds back.
    private(set) var heldSince: Date?
    /// The time of its last poll by the wall clock.
    package private(set) var lastPoll: Date
    /// The time of its last poll by `Registry.uptime`, so that its age does not depend on a clock that may be set.
    private var heard: Duration
    /// The newest export that it has confirmed.
    private(set) var confirmed: Confirmed?
    /// The export that was in force when it polled before: the one it has applied by now, where changes follow each
    /// other faster than polls.
    private var offered: ExportInForce?
    /// The generation that has made the export which it holds back, if that was in force when it last polled.
    private var heldGeneration: Int?
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

    /// An export that a gateway has confirmed: it was in force when the poll came that says it is applied.
    struct Confirmed: Sendable, Hashable {
        /// The generation that has made the export.
        var since: Int
        /// When the gateway first confirmed it, by `Registry.uptime`.
        var at: Duration
    }

    /// Takes what a poll says of the export in force.
    /// - Returns: whether that is news.
    mutating func compare(with export: ExportInForce, uptime: Duration) -> Bool {
        let before = (confirmed, heldGeneration)
        if let tag = export.tag, heartbeat.applied == tag {
            if confirmed?.since != export.since { confirmed = Confirmed(since: export.since, at: uptime) }
        } else if let offered, let tag = offered.tag, heartbeat.applied == tag, offered.since > confirmed?.since ?? -1 {
            confirmed = Confirmed(since: offered.since, at: uptime)
        } else if confirmed?.since == export.since {
            // It had it, and has lost it.
            confirmed = nil
        }
        offered = export
        heldGeneration = export.tag != nil && heartbeat.held?.tag == export.tag ? export.since : nil
        return before != (confirmed, heldGeneration)
    }

    /// What it says of a change.
    /// - Parameter since: the generation that has made the export of the change.
    func standing(since: Int) -> Confirmation.Standing {
        if let confirmed, confirmed.since >= since { return .confirmed }
        return heldGeneration.map { $0 >= since } ?? false ? .held : .open
    }

    /// Notes that it has polled.
    mutating func hear(now: Date, uptime: Duration) {
        lastPoll = now
        heard = uptime
    }

    /// Takes its new report.
    package mutating func note(_ heartbeat: GatewayHeartbeat, now: Date, uptime: Duration) {
        if self.heartbeat.applied != heartbeat.applied { since = now }
        if self.heartbeat.held?.tag != heartbeat.held?.tag { heldSince = now }
        if heartbeat.held == nil { heldSince = nil }
        self.heartbeat = heartbeat
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
            name: id.name, location: id.location, role: heartbeat.role, applied: heartbeat.applied,
            since: Timestamp.text(since), lastPoll: Timestamp.text(isPolling ? now : lastPoll),
            age: isPolling ? 0 : (max(0, (uptime - heard) / .seconds(1)) * 1000).rounded() / 1000,
            current: current, inSync: needed == nil && current != nil && heartbeat.applied == current,
            held: heartbeat.held.map { held in
                GatewayResource.HeldExport(
                    etag: held.tag, reason: held.reason, decision: held.decision,
                    since: Timestamp.text(heldSince ?? now))
            },
            failures: heartbeat.failures, exportVersion: heartbeat.exportVersion.rawValue,
            neededVersion: needed?.rawValue)
    }
}

// MARK: The store

extension KnownGateway {
    init(_ stored: StoredGateway, now: Date, uptime: Duration) {
        self.init(now: now, uptime: uptime)
        heartbeat = stored.heartbeat
        since = stored.since ?? now
        heldSince = heartbeat.held.map { _ in stored.heldSince ?? now }
        lastPoll = stored.lastPoll ?? now
        // Its age counts from now on, even if its last poll is in the future because the clock was set back.
        heard = uptime - .seconds(max(0, now.timeIntervalSince(lastPoll)))
    }

    func stored(as id: GatewayID) -> StoredGateway {
        StoredGateway(id: id, heartbeat: heartbeat, since: since, heldSince: heldSince, lastPoll: lastPoll)
    }
}
