import Times
import FoundationEssentials
import Names
import Rollouts
import Text

extension Cloud {
    /// The servers that are lost or back, of which the cloud does not say so yet. Walks over the nodes, and over all
    /// services where one is silent.
    package func unsettledLosses(_ heard: NodeSilences) -> Set<String> {
        let silent = heard.nodes.filter { name, node in
            lostServers[name] == nil && node.silence >= ServerLossPolicy.times.lowerBound && servers[name] != nil
        }
        let limits = silent.isEmpty ? [:] : lossLimits(of: Set(silent.keys))
        let lost = silent.filter { name, node in
            node.silence >= (limits[name] ?? ServerLossPolicy.usualTime) + (node.isHeard ? 0 : NodeSilences.margin)
        }
        return Set(lost.keys).union(lostServers.keys.filter { heard.nodes[$0] == nil || isBack($0, heard) })
    }

    /// Notes which servers are lost and which are back, and begins to move services that are to move, each to a server
    /// that `Placement` chooses. Until it runs there, the export has it drained. Each step makes a notice.
    ///
    /// Nothing moves when more than `share` percent of a location's servers, and at least two, are silent at once; nor
    /// later, until they are heard of again. Instances of rollouts at work stay. Cost: walks over all services, and for
    /// each that is to move twice over all servers at most.
    ///
    /// - Parameter refused: services whose move was refused, with the reason: they stay for now.
    /// - Returns: whether anything has changed.
    package mutating func settleLosses(_ heard: NodeSilences, refused: [String: String] = [:]) -> Bool {
        let unsettled = unsettledLosses(heard)
        let new = unsettled.filter { lostServers[$0] == nil }
        for name in unsettled.subtracting(new).sorted() { noteReturn(of: name, isHeard: heard.nodes[name] != nil) }
        for name in new { lostServers[name] = LostServer(since: heard.time) }
        let crowds = holdCrowds(of: new, heard)
        var hasMoved = false
        let affected = Dictionary(grouping: services.values.filter { lostServers[$0.server] != nil }, by: \.server)
        for name in lostServers.keys.sorted() {
            let services = (affected[name] ?? []).sorted { ($0.type, $0.index) < ($1.type, $1.index) }
            var lines: [String] = []
            for service in services {
                let fate = fate(of: service, heard, refused: refused[service.name])
                lines.append("\(service.name) \(fate.text)")
                guard case .moves(let server) = fate else { continue }
                if !new.contains(name), !hasTriedToMove(service) { noteMove(of: service, to: server) }
                leaveLostServer(service, to: server, at: heard.time)
                hasMoved = true
            }
            if new.contains(name), lostServers[name]?.isHeld == false { noteLoss(of: name, heard, lines) }
        }
        for (location, silent) in crowds.sorted(by: { $0.key < $1.key }) { noteCrowd(silent, at: location, heard) }
        return hasMoved || !unsettled.isEmpty
    }

    /// Forgets the losses of servers that are gone.
    package mutating func settleLosses() { lostServers = lostServers.filter { servers[$0.key] != nil } }

    // MARK: Who is lost

    /// Seconds of silence after which each server is lost: the least that a type of its services has.
    private func lossLimits(of names: Set<String>) -> [String: Int] {
        services.values.reduce(into: [:]) { limits, service in
            guard names.contains(service.server), let policy = types[service.type]?.configuration.onServerLost
            else { return }
            limits[service.server] = min(limits[service.server] ?? .max, policy.after)
        }
    }

    private func isBack(_ name: String, _ heard: NodeSilences) -> Bool {
        guard let node = heard.nodes[name] else { return false }
        return node.isHeard && node.silenceInAll < ServerLossPolicy.times.lowerBound
    }

    /// Holds the servers that are lost together with too many others of their location.
    ///
    /// - Parameter new: servers that are newly lost.
    /// - Returns: by location all servers that are silent there, where they are too many.
    private mutating func holdCrowds(of new: Set<String>, _ heard: NodeSilences) -> [String: [String]] {
        let limits = lossLimits(of: new)
        var crowds: [String: [String]] = [:]
        for (location, lost) in Dictionary(grouping: new, by: { servers[$0]?.location ?? "" }) {
            let limit = lost.map { limits[$0] ?? ServerLossPolicy.usualTime }.min() ?? ServerLossPolicy.usualTime
            let nodes = heard.nodes.filter { servers[$0.key]?.location == location }
            let silent = nodes.filter {
                isSilentNow($0.key, $0.value.silence >= NodeSilences.suspicion(within: limit), heard)
            }.keys.sorted()
            guard silent.count >= 2, silent.count * 100 > heard.share * nodes.count else { continue }
            for name in silent { lostServers[name]?.isHeld = true }
            crowds[location] = silent
        }
        return crowds
    }

    /// Whether a server is silent, and was not lost long ago.
    private func isSilentNow(_ name: String, _ isSuspected: Bool, _ heard: NodeSilences) -> Bool {
        guard let lost = lostServers[name] else { return isSuspected }
        guard let since = InternetTime.date(lost.since), let now = InternetTime.date(heard.time) else { return true }
        return now.timeIntervalSince(since) < Double(NodeSilences.window)
    }

    // MARK: What moves

    /// What becomes of a service of a lost server.
    private enum Fate {
        case moves(to: String)
        /// The words that follow its name.
        case stays(String)

        var text: String {
            switch self {
            case .moves(let server): "moves to \(server)"
            case .stays(let text): text
            }
        }
    }

    private func fate(of service: ServiceInstance, _ heard: NodeSilences, refused: String?) -> Fate {
        guard let lost = lostServers[service.server], let server = servers[service.server],
            let type = types[service.type]?.configuration
        else { return .stays("stays") }
        guard let installation = service.installation else { return .stays("stays: ADMIN does not run it") }
        guard installation.desired == .running else { return .stays("stays: it is stopped") }
        if let reason = type.reasonToStay { return .stays("stays: \(reason)") }
        guard let policy = type.onServerLost, policy.moves else {
            return .stays("stays: its type does not have it move (on-server-lost)")
        }
        guard !lost.isHeld else { return .stays("stays: too many servers are lost at once") }
        if let move = moves[service.name], move.isOpen {
            return .stays("stays: it is being moved from \(move.from) to \(move.to)")
        }
        if let failure = recentFailure(of: service, heard) {
            return .stays("stays: its move has failed, and is tried again: \(failure)")
        }
        if let rollout = openRollout(of: service.name) { return .stays("stays: it belongs to rollout \(rollout)") }
        let silence = heard.nodes[server.name]?.silence ?? 0
        guard silence >= policy.after else { return .stays("moves when its server was silent for \(policy.after) s") }
        if policy.isExclusive {
            guard let lease = heard.nodes[server.name]?.leases[service.name] else {
                return .stays("stays: it is exclusive, and its server is not known to stop it by itself")
            }
            guard silence >= lease + NodeSilences.leaseMargin else { return .stays("moves when its lease is over") }
        }
        if let refused { return .stays("stays: its move was refused: \(refused)") }
        let suspicion = NodeSilences.suspicion(within: policy.after)
        let away =
            servers.keys.filter { heard.nodes[$0].map { $0.silence >= suspicion } ?? true }
            + serversPurging(service.name)
        // Where it has just failed it is only tried again if there is no other place.
        for failed in [hasTriedToMove(service) ? moves[service.name]?.to : nil, nil] {
            var placement = Placement(
                of: type, in: self, at: server.location, besides: Set(away + [failed].compactMap(\.self)))
            if let target = try? placement.next() { return .moves(to: target) }
        }
        return .stays("stays: no other server at \(server.location) can take it now")
    }

    /// Whether a move of the service away from its server was begun since that is lost.
    private func hasTriedToMove(_ service: ServiceInstance) -> Bool {
        guard let lost = lostServers[service.server], let move = moves[service.name] else { return false }
        return move.from.isExactly(service.server) && move.createdAt >= lost.since
    }

    /// Why the service could not leave its lost server a short time ago.
    private func recentFailure(of service: ServiceInstance, _ heard: NodeSilences) -> String? {
        guard hasTriedToMove(service), let move = moves[service.name], case .failed(let reason)? = move.progress.end,
            let end = move.endedAt.flatMap({ InternetTime.date($0) }), let now = InternetTime.date(heard.time),
            abs(now.timeIntervalSince(end)) < Double(NodeSilences.patience)
        else { return nil }
        return reason
    }

    /// The rollout at work that has an instance.
    private func openRollout(of service: String) -> String? {
        rollouts.values.first { rollout in
            !rollout.progress.isOver && rollout.progress.instances.contains { $0.name == service }
        }?.id
    }

    // MARK: What people are told

    private mutating func noteReturn(of name: String, isHeard: Bool) {
        guard let lost = lostServers.removeValue(forKey: name) else { return }
        let moved = remains.keys.filter { $0.server == name }.sorted().compactMap { left in
            services[left.service].map { "\(left.service) on \($0.server)" }
        }
        notices.append(
            Notice(
                .critical, of: .server, name,
                title: isHeard ? "server \(name) is back" : "server \(name) has no node any more",
                text: "It was lost since \(lost.since)."
                    + (moved.isEmpty ? "" : " Elsewhere now, and staying there: \(moved.joined(separator: ", ")).")
                    + "\nportcullis nodes show \(name)",
                location: servers[name]?.location, isResolved: true))
    }

    private mutating func noteLoss(of name: String, _ heard: NodeSilences, _ lines: [String]) {
        let silence = heard.nodes[name]?.silence ?? 0
        let services =
            lines.isEmpty ? "No service is assigned to it." : "Its services:\n" + lines.joined(separator: "\n")
        notices.append(
            Notice(
                .critical, of: .server, name, title: "server \(name) is lost",
                text: "Nothing was heard of its node for \(silence) s.\n\(services)\n"
                    + "Look whether it is on and reaches ADMIN: portcullis nodes show \(name)\n"
                    + "If it is gone for good: portcullis nodes remove \(name)",
                location: servers[name]?.location, isLasting: true))
    }

    private mutating func noteMove(of service: ServiceInstance, to server: String) {
        notices.append(
            Notice(
                .warning, of: .service, service.name,
                title: "\(service.name) moves from the lost server \(service.server) to \(server)",
                text: "It gets no requests until it runs there and its tests have passed. Nobody has to act.\n"
                    + "portcullis services show \(service.name)",
                location: servers[server]?.location, type: service.type))
    }

    private mutating func noteCrowd(_ silent: [String], at location: String, _ heard: NodeSilences) {
        let all = heard.nodes.keys.count { servers[$0]?.location == location }
        let lost = silent.filter { lostServers[$0] != nil }
        let services = services.values.filter { lost.contains($0.server) }
            .sorted { ($0.type, $0.index) < ($1.type, $1.index) }.map { "\($0.name) on \($0.server)" }
        notices.append(
            Notice(
                .critical, of: .location, location,
                title: "\(silent.count) of \(all) servers at \(location) are silent at once: no service moves",
                text: """
                    Silent: \(silent.joined(separator: ", ")). The fault may be in the network, or at ADMIN. What runs there \
                    goes on by itself. If the servers are lost, move their services: portcullis services move SERVICE SERVER.
                    portcullis nodes list
                    Their services: \(services.isEmpty ? "none" : services.joined(separator: ", "))
                    """, location: location))
    }
}
