import Crypto
import Names
import NetworkTypes
import Text

/// The changes that one write makes to a cloud: for the report, the event log and the rows to store. Tokens and
/// gateways are not part of a cloud.
package struct CloudDifference: Sendable {
    /// What happens to an object.
    package enum Action: String, Sendable, Hashable { case create, update, delete }

    /// The kinds of objects in a cloud.
    package enum Kind: String, Sendable, Hashable {
        case location, pool, egress, server, type, service, mark, secret, job, rollout, move
    }

    /// One object that is created, updated or deleted.
    package struct Change: Sendable, Hashable {
        package var action: Action
        package var kind: Kind
        /// The name of the object; `location/pool` for a pool, `location/rule` for an egress rule.
        package var name: String
        /// The object before, as one line for people; `nil` if it is created.
        package var before: String?
        /// The object afterwards, as one line for people; `nil` if it is deleted.
        package var after: String?
    }

    /// Sorted by kind (a kind comes before those that refer to it), then by name.
    package let changes: [Change]

    /// Whether nothing changes.
    package var isEmpty: Bool { changes.isEmpty }

    package init(from before: Cloud, to after: Cloud) {
        changes =
            Self.changes(.location, before.locations, after.locations, name: \.self, Self.summary)
            + Self.changes(.pool, before.pools, after.pools, name: \.description, Self.summary)
            + Self.changes(.egress, before.egress, after.egress, name: \.description, Self.summary)
            + Self.changes(.server, before.servers, after.servers, name: \.self, Self.summary)
            + Self.losses(before.lostServers, after)
            + Self.changes(
                .type, before.types.mapValues { ExactText($0.source) }, after.types.mapValues { ExactText($0.source) },
                name: \.self, Self.summary)
            + Self.changes(.service, before.services, after.services, name: \.self, Self.summary)
            + Self.purges(before.remains, after.remains)
            + Self.releases(before.marks, after.marks)
            + Self.changes(.secret, before.secrets, after.secrets, name: \.self, Self.summary).map(Self.rekeyed)
            + Self.jobs(before.jobs, after.jobs)
            + Self.rollouts(before.rollouts, after.rollouts)
            + Self.moves(before.moves, after.moves)
            + Self.actionRuns(before, after)
    }

    /// Servers that are lost, and those that are back. One that is gone is a change of its own.
    private static func losses(_ before: [String: LostServer], _ after: Cloud) -> [Change] {
        let names = Set(before.keys).union(after.lostServers.keys)
        return names.filter { before[$0] != after.lostServers[$0] && after.servers[$0] != nil }.sorted().map { name in
            Change(
                action: .update, kind: .server, name: name, before: before[name].map { "\($0)" } ?? "heard of",
                after: after.lostServers[name].map { "\($0)" } ?? "heard of")
        }
    }

    /// Marks that are released, and those that other sections take from sections that are gone. Newly allocated marks
    /// follow from the types, and are not counted as changes.
    private static func releases(_ before: [MarkID: UInt32], _ after: [MarkID: UInt32]) -> [Change] {
        before.filter { after[$0.key] == nil }.sorted { $0.value < $1.value }.map { id, mark in
            Change(action: .delete, kind: .mark, name: "\(mark)", before: "\(id)", after: nil)
        }
    }

    /// Remains that are purged, and those that are gone. Remains that arise follow from their services.
    private static func purges(_ before: [Remains.ID: Remains], _ after: [Remains.ID: Remains]) -> [Change] {
        before.keys.sorted().compactMap { id in
            let (old, new) = (before[id]?.isPurged == true, after[id]?.isPurged == true)
            guard old != new, new || after[id] == nil else { return nil }
            return Change(
                action: new ? .update : .delete, kind: .service, name: id.service,
                before: new ? "left on \(id.server)" : "purged on \(id.server)",
                after: new ? "purged on \(id.server)" : nil)
        }
    }

    /// Jobs that are made, and those that end. Ended ones that are forgotten are not counted as changes.
    private static func jobs(_ before: [String: Job], _ after: [String: Job]) -> [Change] {
        after.values.sorted { $0.number < $1.number }.compactMap { job in
            guard let old = before[job.id] else {
                return Change(action: .create, kind: .job, name: job.id, before: nil, after: job.record)
            }
            guard old.end == nil, let end = job.end else { return nil }
            return Change(
                action: .update, kind: .job, name: job.id, before: "\(job)",
                after: end.outcome.rawValue + (end.problem.map { ": \($0)" } ?? ""))
        }
    }

    /// Rollouts that begin, that end, and those that were paused or go on. Ended ones that are forgotten are not counted
    /// as changes.
    private static func rollouts(_ before: [String: ServiceRollout], _ after: [String: ServiceRollout]) -> [Change] {
        after.values.filter { before[$0.id] != $0 }.sorted { $0.number < $1.number }.map { rollout in
            let old = before[rollout.id]
            return Change(
                action: old == nil ? .create : .update, kind: .rollout, name: rollout.id,
                before: old.map { "\($0)" }, after: "\(rollout)")
        }
    }

    private static func changes<Key: Hashable, Value: Equatable>(
        _ kind: Kind, _ before: [Key: Value], _ after: [Key: Value], name: (Key) -> String,
        _ summary: (Value) -> String
    ) -> [Change] {
        var changes: [Change] = []
        for (key, old) in before {
            if let new = after[key] {
                guard new != old else { continue }
                changes.append(
                    Change(action: .update, kind: kind, name: name(key), before: summary(old), after: summary(new)))
            } else {
                changes.append(Change(action: .delete, kind: kind, name: name(key), before: summary(old), after: nil))
            }
        }
        for (key, new) in after where before[key] == nil {
            changes.append(Change(action: .create, kind: kind, name: name(key), before: nil, after: summary(new)))
        }
        return changes.sorted { $0.name < $1.name }
    }

    private static func summary(_ location: Location) -> String {
        location.description.isEmpty ? "no description" : location.description
    }

    private static func summary(_ pool: AddressPool) -> String {
        shortened(pool.addresses.lazy.map(\.description))
    }

    private static func summary(_ egress: Egress) -> String {
        let exceptions = egress.exceptions.lazy.map(\.description)
        return "from \(shortened(egress.sources.lazy.map(\.description))) by \(egress.pool)"
            + (exceptions.isEmpty ? "" : ", except \(shortened(exceptions))")
    }

    /// The first elements of a list, and how many more there are.
    private static func shortened(_ list: some Collection<String>) -> String {
        let shown = list.prefix(8).joined(separator: " ")
        return list.count > 8 ? "\(shown) and \(list.count - 8) more" : shown
    }

    private static func summary(_ server: Server) -> String {
        let addresses = server.addresses.map(\.description).joined(separator: " ")
        let labels = server.labels.isEmpty ? "" : ", labels \(server.labels.joined(separator: " "))"
        let state = server.state == .ready ? "" : "\(summary(server.state, until: server.until)): "
        let drives = server.drives.sorted { $0.key < $1.key }.map { "\($0.key) at \($0.value)" }
        return "\(state)\(server.kind.rawValue) server at \(server.location), \(addresses)\(labels)"
            + (drives.isEmpty ? "" : ", drives \(drives.joined(separator: " "))")
    }

    private static func summary(_ secret: SealedSecret) -> String { "revision \(secret.revision)" }

    /// A secret that changes in nothing that is told of it is encrypted with another key.
    private static func rekeyed(_ change: Change) -> Change {
        guard change.action == .update, change.before == change.after else { return change }
        var change = change
        change.after = change.after.map { "\($0), encrypted with another key" }
        return change
    }

    private static func summary(_ source: ExactText) -> String {
        let bytes = source.wrappedValue.utf8
        let lines = bytes.count { $0 == 0x0A } + (bytes.last == 0x0A ? 0 : 1)
        return "\(lines) \(lines == 1 ? "line" : "lines"), \(SHA256.hash(data: Array(bytes)).prefix(6).hexadecimal)"
    }

    private static func summary(_ service: ServiceInstance) -> String {
        let weight = service.weight.map { "weight \($0)" } ?? "the section's weight"
        return "\(summary(service.state, until: service.until)) on \(service.server), \(weight)"
            + (service.installation.map(summary) ?? "")
    }

    /// `, version 1.5.0 (3f2a91bc04d5) stopped`, `, version sha256:3f2a91bc04d5`
    private static func summary(_ installation: Installation) -> String {
        let digest = installation.digest.prefix(12)
        let version =
            if case .named = installation.version { "\(installation.version) (\(digest))" } else { "sha256:\(digest)" }
        return ", version \(version)"
            + (installation.desired == .running ? "" : " \(installation.desired.rawValue)")
            + (installation.isStarting ? " starting" : "")
            + (installation.drive.map { " on drive \($0)" } ?? "")
    }

    /// `drain`, or `drain until 2027-01-31T00:00:00.000Z`
    private static func summary(_ state: ServiceState, until: String?) -> String {
        state.rawValue + (until.map { " until \($0)" } ?? "")
    }
}

extension CloudDifference {
    /// The locations whose export the changes can affect.
    package func locations(from before: Cloud, to after: Cloud) -> Set<String> {
        var locations: Set<String> = []
        for change in changes {
            switch change.kind {
            case .type: return Set(before.locations.keys).union(after.locations.keys)
            case .location: locations.insert(change.name)
            case .pool, .egress: locations.insert(String(change.name.splitBytes("/")[0]))
            case .server:
                for cloud in [before, after] {
                    if let server = cloud.servers[change.name] { locations.insert(server.location) }
                }
            case .service:
                for cloud in [before, after] {
                    guard let service = cloud.services[change.name], let server = cloud.servers[service.server]
                    else { continue }
                    locations.insert(server.location)
                }
            case .rollout:
                let drained = [before, after].compactMap { $0.rollouts[change.name]?.drained }
                guard drained.count < 2 || drained[0] != drained[1] else { continue }
                for name in drained.reduce(Set(), { $0.union($1) }) {
                    guard let service = after.services[name], let server = after.servers[service.server] else {
                        continue
                    }
                    locations.insert(server.location)
                }
            case .move:
                // The export follows a move by its service, or by the state of one that leaves a lost server.
                guard let old = before.services[change.name], let new = after.services[change.name],
                    before.effectiveState(of: old) != after.effectiveState(of: new),
                    let server = after.servers[new.server]
                else { continue }
                locations.insert(server.location)
            case .mark, .secret, .job: break
            }
        }
        return locations
    }
}
