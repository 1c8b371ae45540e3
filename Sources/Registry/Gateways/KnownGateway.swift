import AdminAPI
import Foundation
import GRDB

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

    /// - Parameter current: The ETag of its location's export.
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
            failures: report.failures)
    }
}

// MARK: The database

extension KnownGateway {
    init(_ row: Row, now: Date, uptime: Duration) {
        self.init(now: now, uptime: uptime)
        report = GatewayReport(
            role: (row["role"] as String?).flatMap(GatewayResource.Role.init), applied: row["applied"],
            held: (row["held"] as String?).map { tag in
                GatewayReport.Held(
                    tag: tag, reason: row["heldReason"],
                    decision: (row["heldDecision"] as String?).flatMap(GatewayResource.HeldExport.Decision.init)
                        ?? .pending)
            },
            failures: row["failures"])
        since = Self.date(row["since"]) ?? now
        heldSince = report.held.map { _ in Self.date(row["heldSince"]) ?? now }
        lastPoll = Self.date(row["lastPoll"]) ?? now
        // From here on it ages, also one that polled in what is the future for a clock that was set back.
        heard = uptime - .seconds(max(0, now.timeIntervalSince(lastPoll)))
    }

    private static func date(_ text: String?) -> Date? { text.flatMap(Timestamp.date) }

    package func store(_ id: GatewayID, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO gateway
                    (location, name, role, applied, since, lastPoll, held, heldReason, heldDecision, heldSince, failures)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                id.location, id.name, report.role?.rawValue, report.applied, Timestamp.text(since),
                Timestamp.text(lastPoll), report.held?.tag, report.held?.reason, report.held?.decision.rawValue,
                heldSince.map(Timestamp.text), report.failures,
            ])
    }

    package static func delete(_ id: GatewayID, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM gateway WHERE location = ? AND name = ?", arguments: [id.location, id.name])
    }
}
