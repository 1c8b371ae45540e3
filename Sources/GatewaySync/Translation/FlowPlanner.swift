import Netlink
import ServicesExport

/// Decides which flows conntrack must forget, and which real servers drain. New flows need no decision: the table
/// sends them.
struct FlowPlanner {
    package let desired: DesiredState
    /// `nil` if conntrack could not be read.
    package let flows: [Conntrack.Destination: FlowTally]?
    package let drainTime: Int
    package let now: Int

    /// The rules for the ports that a change of the table concerns, and for ports with flows that must go.
    package func rules(after change: TableChange, _ drains: inout Drains) -> [TranslationRule] {
        var ports = Set<Conntrack.Destination>()
        for elements in [change.removed, change.added] {
            for element in elements {
                guard let port = element.translatedPort else { continue }
                if element.kind == .dnat || desired.translations[port] != nil { ports.insert(port) }
            }
        }
        let begun = beginDrains(after: change, &drains)
        for (port, tally) in flows ?? [:] {
            if tally.misdirected > 0 { ports.insert(port) }
            for server in tally.connections.keys
            where !isServed(port, by: server) && drains.translations[port]?[server] == nil {
                // This drain was not recorded: the daemon was down, or has lost its state.
                if canDrain(port) {
                    drains.translations[port, default: [:]][server] = now + drainTime
                } else {
                    ports.insert(port)
                }
            }
        }
        for port in Array(drains.translations.keys) where !begun.contains(port) {
            if endDrains(of: port, &drains) { ports.insert(port) }
        }
        return ports.sorted().map { desired.rule(for: $0, drains: drains, now: now) }
    }

    /// Starts drains for servers to which the table translated a port until now.
    private func beginDrains(after change: TableChange, _ drains: inout Drains) -> Set<Conntrack.Destination> {
        var begun = Set<Conntrack.Destination>()
        for case (let port, let server)? in change.removed.lazy.map(\.translation)
        where !isServed(port, by: server) && canDrain(port) {
            // It drains whether or not it has connections, since the next may be on its way.
            drains.translations[port, default: [:]][server] = now + drainTime
            begun.insert(port)
        }
        return begun
    }

    /// Ends the drains of servers that are back or have no connections left.
    /// - Returns: whether a server's time is over.
    private func endDrains(of port: Conntrack.Destination, _ drains: inout Drains) -> Bool {
        var isOver = false
        for (server, deadline) in drains.translations[port, default: [:]] {
            guard !isServed(port, by: server) else {
                drains.translations[port]?[server] = nil
                continue
            }
            if let tally = flows?[port], tally.connections[server] == nil {
                drains.translations[port]?[server] = nil
            } else if now >= deadline {
                // The drain stays until conntrack has forgotten its connections. If conntrack cannot be read, they
                // are left alone.
                isOver = true
                if flows == nil { drains.translations[port]?[server] = nil }
            }
        }
        if drains.translations[port]?.isEmpty == true { drains.translations[port] = nil }
        return isOver
    }

    private func isServed(_ port: Conntrack.Destination, by server: IPVS.DestinationIdentity) -> Bool {
        desired.translations[port]?.servers.contains { $0.address == server.address && $0.port == server.port } ?? false
    }

    private func canDrain(_ port: Conntrack.Destination) -> Bool {
        drainTime > 0 && TranslationRule.hasConnections(port.transport)
    }
}
