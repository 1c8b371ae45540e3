import CombinedConfiguration
package import Names
import Rollouts
import ServicesExport
import Text
import YAML

/// Something in a change that is outside the scope.
package struct OutsideScope: Sendable, Hashable {
    /// The object, for its place in the request; `nil` if it cannot stand in one.
    package var subject: Contradiction.Subject?
    /// What it is: `service mdb.2: type mdb, at hel`.
    package var text: String
}

extension ChangeScope {
    /// The first changed object that is outside the scope; `nil` if there is none. Walks over the changes, and over the
    /// types where secrets are among them.
    ///
    /// - Parameter actor: who makes the change. A secret that no type names yet belongs to who has set it.
    package func firstOutside(
        _ difference: CloudDifference, from before: Cloud, to after: Cloud, by actor: String
    ) -> OutsideScope? {
        guard !isEverything else { return nil }
        for change in difference.changes {
            if let outside = outside(change, before, after, actor) { return outside }
        }
        return latentOutside(from: before, to: after)
    }

    /// The first row of an export that changes outside the scope.
    package func firstOutside(_ exports: [(location: String, difference: ExportDifference)]) -> OutsideScope? {
        guard !isEverything else { return nil }
        for (location, difference) in exports {
            let rows = difference.added + difference.removed + difference.changed.flatMap { [$0.before, $0.after] }
            for row in rows {
                let type = ServiceName(row.service)?.type
                guard !includes(location: location) || !(type.map(includes(type:)) ?? false) else { continue }
                return OutsideScope(text: "the export of \(location) for \(row.service)")
            }
            guard difference.egress.isEmpty || includes(location: location) && types.isEmpty else {
                return OutsideScope(text: "the egress rules in the export of \(location)")
            }
        }
        return nil
    }

    private func outside(
        _ change: CloudDifference.Change, _ before: Cloud, _ after: Cloud, _ actor: String
    ) -> OutsideScope? {
        let clouds = [before, after]
        switch change.kind {
        case .location:
            return ofNoType(.location, change.name, "location \(change.name)", at: [change.name])
        case .pool:
            return ofNoType(
                .pool, change.name, "pool \(change.name)", at: [String(change.name.splitBytes("/")[0])])
        case .egress:
            return ofNoType(
                .egress, change.name, "egress rule \(change.name)", at: [String(change.name.splitBytes("/")[0])])
        case .server:
            return ofNoType(
                .server, change.name, "server \(change.name)",
                at: clouds.compactMap { $0.servers[change.name]?.location })
        case .service:
            for cloud in clouds {
                guard let service = cloud.services[change.name] else { continue }
                let location = cloud.servers[service.server]?.location
                if includes(type: service.type), locations.isEmpty || location.map(includes(location:)) ?? false {
                    continue
                }
                return OutsideScope(
                    subject: .init(.service, change.name),
                    text: "service \(change.name): type \(service.type), "
                        + (location.map { "at \($0)" } ?? "on \(service.server), which is no server"))
            }
            return nil
        case .job:
            guard let job = after.jobs[change.name] ?? before.jobs[change.name] else { return nil }
            switch job.work {
            case .service(let work):
                var service = change
                (service.kind, service.name) = (.service, work.service)
                return outside(service, before, after, actor)
            case .master(let work):
                var service = change
                (service.kind, service.name) = (.service, work.service)
                return outside(service, before, after, actor)
            case .build(let work): return everywhere("a build of \(work)", of: work.type)
            }
        case .rollout:
            let rollout = after.rollouts[change.name] ?? before.rollouts[change.name]
            for instance in rollout.map(\.progress.instances) ?? [] {
                var service = change
                (service.kind, service.name) = (.service, instance.name)
                if let outside = outside(service, before, after, actor) { return outside }
            }
            return nil
        case .move:
            var service = change
            service.kind = .service
            if let outside = outside(service, before, after, actor) { return outside }
            guard let move = after.moves[change.name] ?? before.moves[change.name] else { return nil }
            let places = [move.from, move.to].compactMap { after.servers[$0]?.location }
            return places.first { !locations.isEmpty && !includes(location: $0) }.map {
                OutsideScope(
                    subject: .init(.service, change.name), text: "service \(change.name): a move to or from \($0)")
            }
        case .type: return outsideType(change.name, before, after, actor)
        case .mark:
            let type = before.marks.first { "\($0.value)" == change.name }?.key.section.type
            return everywhere("mark \(change.name)", of: type)
        case .secret:
            return everywhere("secret \(change.name)", of: nil, isOurs: isOwn(change.name, before, after, actor))
        }
    }

    /// An object that is at locations, and of no type.
    private func ofNoType(
        _ kind: Contradiction.Subject.Kind, _ name: String, _ text: String, at places: [String]
    ) -> OutsideScope? {
        let subject = Contradiction.Subject(kind, name)
        guard types.isEmpty else { return OutsideScope(subject: subject, text: "\(text): it is of no type") }
        return places.first { !includes(location: $0) }.map {
            OutsideScope(subject: subject, text: kind == .location ? text : "\(text): it is at \($0)")
        }
    }

    /// An object that counts at all locations.
    /// - Parameter isOurs: whether it belongs to the scope's types; `nil`: if `type` does.
    private func everywhere(_ text: String, of type: String?, isOurs: Bool? = nil) -> OutsideScope? {
        guard locations.isEmpty else { return OutsideScope(text: "\(text): it counts at all locations") }
        guard isOurs ?? type.map(includes(type:)) ?? false else { return OutsideScope(text: text) }
        return nil
    }

    // MARK: Types

    private func outsideType(
        _ name: String, _ before: Cloud, _ after: Cloud, _ actor: String
    ) -> OutsideScope? {
        if let outside = everywhere("type \(name)", of: name) { return outside }
        let (old, new) = (before.types[name]?.configuration.config ?? [], after.types[name]?.configuration.config ?? [])
        guard foreign(old, of: name) == foreign(new, of: name) else {
            return OutsideScope(text: "type \(name): a block of its \"config\" that is for other types")
        }
        let known = old.secrets
        let taken = new.secrets.subtracting(known).sorted().first { !isOwn($0, before, after, actor) }
        return taken.map { OutsideScope(text: "type \(name): it names the secret \($0)") }
    }

    /// A type that begins or ceases to have services, and whose file has blocks for other types: they begin or cease
    /// to count.
    private func latentOutside(from before: Cloud, to after: Cloud) -> OutsideScope? {
        let types = before.applyingTypes.symmetricDifference(after.applyingTypes).sorted()
        let type = types.first { type in
            [before, after].contains { cloud in
                !foreign(cloud.types[type]?.configuration.config ?? [], of: type).isEmpty
            }
        }
        return type.map { type in
            let begins = after.applyingTypes.contains(type)
            return OutsideScope(
                text: "configurations of other types: the blocks of \(type) for them would "
                    + (begins ? "begin to count with its first service" : "cease to count with its last service"))
        }
    }

    /// The blocks for services that are outside, as they are apart from their places.
    private func foreign(_ blocks: [ConfigBlock], of type: String) -> [ForeignBlock] {
        let nowhere = YAMLPosition(file: "", line: 1, column: 1)
        return blocks.filter { block in
            switch block.target {
            case .all: true
            case .types(let targets):
                // At other locations there may be services of every other type.
                targets.contains { locations.isEmpty ? !includes(type: $0) : $0 != type }
            }
        }
        .map { ForeignBlock(target: $0.target, sortOrder: $0.block.id.sortOrder, values: $0.block.values.at(nowhere)) }
    }

    private struct ForeignBlock: Hashable {
        let target: ConfigBlock.Target
        let sortOrder: Int
        let values: BlockValue
    }

    // MARK: Secrets

    /// Whether the value of a secret may be set. Walks over the types.
    package func allows(secret: String, in cloud: Cloud, by actor: String) -> Bool {
        isEverything || isOwn(secret, cloud, cloud, actor)
    }

    /// Whether a secret belongs to the types of the scope: all types whose files name it do, or, if none does, the
    /// author of the change has set it.
    private func isOwn(_ secret: String, _ before: Cloud, _ after: Cloud, _ actor: String) -> Bool {
        guard locations.isEmpty else { return false }
        let owners = before.types.values.filter { $0.configuration.config.secrets.contains(secret) }.map(\.name)
        guard owners.isEmpty else { return owners.allSatisfy(includes(type:)) }
        guard let setter = (before.secrets[secret] ?? after.secrets[secret])?.changedBy else { return true }
        return setter == actor
    }
}

extension [ConfigBlock] {
    /// The names of the secrets in them.
    fileprivate var secrets: Set<String> { reduce(into: []) { $0.formUnion($1.block.values.secrets) } }
}
