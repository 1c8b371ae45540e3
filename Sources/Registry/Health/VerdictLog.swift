import AdminAPI
import Foundation

/// The verdicts of all gateways over time, and the events of them that are to be written.
struct VerdictLog: Sendable {
    /// How many events wait at most while the registry cannot be written.
    static let mostWaiting = 10_000

    private struct Gateway: Sendable {
        var history: VerdictHistory
        /// Who reported last.
        var actor: String
    }

    private var gateways: [GatewayID: Gateway] = [:]
    /// Gateways whose summary of a minute is still to come.
    private var owing: Set<GatewayID> = []
    private var waiting: [EventEntry] = []
    /// How many events found no room.
    private var lost = 0

    /// Takes what a gateway has reported. The first time, there is nothing to compare it with.
    mutating func take(
        _ health: GatewayReport.Health?, of id: GatewayID, by actor: String, now: Date, uptime: Duration,
        isChecked: (String) -> Bool
    ) {
        guard var gateway = gateways[id] else {
            gateways[id] = Gateway(history: VerdictHistory(health, of: id.name), actor: actor)
            return
        }
        gateway.actor = actor
        add(gateway.history.take(health, at: uptime, isChecked: isChecked), of: id, by: actor, now: now)
        if gateway.history.isOwing { owing.insert(id) } else { owing.remove(id) }
        gateways[id] = gateway
    }

    mutating func forget(_ id: GatewayID) {
        gateways[id] = nil
        owing.remove(id)
    }

    /// The events to write, and how many were lost before them. Costs a look at each gateway with a summary to come.
    mutating func takeWaiting(now: Date, uptime: Duration) -> (events: [EventEntry], lost: Int) {
        for id in owing.sorted() {
            guard var gateway = gateways[id] else { continue }
            add(gateway.history.settle(at: uptime), of: id, by: gateway.actor, now: now)
            if !gateway.history.isOwing { owing.remove(id) }
            gateways[id] = gateway
        }
        defer { (waiting, lost) = ([], 0) }
        return (waiting, lost)
    }

    /// Takes events back that could not be written.
    mutating func putBack(_ events: [EventEntry], lost count: Int) {
        waiting.insert(contentsOf: events, at: 0)
        lost += count
    }

    private mutating func add(_ changes: [VerdictHistory.Change], of id: GatewayID, by actor: String, now: Date) {
        for change in changes {
            guard waiting.count < Self.mostWaiting else {
                lost += 1
                continue
            }
            waiting.append(
                EventEntry(
                    .update, .health, change.service ?? id.description, after: change.text, by: actor,
                    at: Timestamp.text(now)))
        }
    }
}
