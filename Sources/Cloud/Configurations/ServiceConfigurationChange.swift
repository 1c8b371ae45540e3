import CombinedConfiguration
import Text

/// How the combined configurations of some services differ, in the same way for all of them.
public struct ServiceConfigurationChange: Sendable, Hashable {
    /// One value that was added, removed or changed.
    public struct Line: Sendable, Hashable {
        /// A JSON pointer into the configuration (RFC 6901).
        public var path: String
        /// The value before, as JSON text; `nil` if it is added.
        public var before: String?
        /// The value afterwards, as JSON text; `nil` if it is removed.
        public var after: String?
    }

    /// Names of the services, by type and index.
    public var services: [String]
    public var lines: [Line]
    /// Whether the lines are left out because the report would have too many.
    public var isOmitted = false

    /// How much one report may contain. A service for which this is too little is named without its lines.
    package struct Room: Sendable, Hashable {
        /// Lines in the report.
        package var lines = 100_000
        /// Values to compare, for all services together.
        package var values = 1_000_000
    }

    /// How the configurations differ of services that exist in both states. Services with the same differences are
    /// reported together.
    package static func changes(
        from before: Cloud, _ old: ConfigurationSet, to after: Cloud, _ new: ConfigurationSet, room: Room = Room()
    ) -> [ServiceConfigurationChange] {
        let changed = new.digests.filter { name, digest in old.digests[name].map { $0 != digest } ?? false }.keys
        guard !changed.isEmpty else { return [] }
        let (oldDirectory, newDirectory) = (old.directory(of: before), new.directory(of: after))
        var groups: [(lines: [Line], services: [ServiceInstance])] = []
        var groupOfLines: [[ExactText?]: Int] = [:]
        var differences: [String: ConfigurationDifference] = [:]
        // The group of each type whose services all have the same lines.
        var groupOfType: [String: Int] = [:]
        var room = room
        var omitted: [ServiceInstance] = []
        for name in changed {
            guard let from = oldDirectory.variables(of: name), let to = newDirectory.variables(of: name),
                let oldTemplate = old.templates[from.service.type], let template = new.templates[to.service.type]
            else { continue }
            let type = to.service.type
            if let group = groupOfType[type] {
                groups[group].services.append(to.service)
                continue
            }
            let difference = differences[type] ?? ConfigurationDifference(from: oldTemplate, to: template)
            differences[type] = difference
            guard difference.count <= min(room.lines, room.values) else {
                omitted.append(to.service)
                continue
            }
            room.values -= difference.count
            let commonLines = difference.commonLines
            let lines =
                (commonLines ?? difference.lines(from: from, to: to)).map {
                    Line(path: $0.pointer, before: $0.before, after: $0.after)
                } + secrets(of: template, before, after)
            let same = lines.flatMap { [$0.path, $0.before, $0.after].map { $0.map { ExactText($0) } } }
            let group = groupOfLines[same] ?? groups.count
            groupOfLines[same] = group
            if group == groups.count {
                groups.append((lines, []))
                room.lines -= lines.count
            }
            groups[group].services.append(to.service)
            if commonLines != nil { groupOfType[type] = group }
        }
        let inOrder = groups.map { lines, services in (lines: lines, services: Self.inOrder(services)) }
        let told = inOrder.sorted {
            ($0.services[0].type, $0.services[0].index) < ($1.services[0].type, $1.services[0].index)
        }
        .map { ServiceConfigurationChange(services: $0.services.map(\.name), lines: $0.lines) }
        guard !omitted.isEmpty else { return told }
        return told + [
            ServiceConfigurationChange(services: Self.inOrder(omitted).map(\.name), lines: [], isOmitted: true)
        ]
    }

    private static func inOrder(_ services: [ServiceInstance]) -> [ServiceInstance] {
        services.sorted { ($0.type, $0.index) < ($1.type, $1.index) }
    }

    /// Secrets whose value has changed under the same name.
    private static func secrets(of template: ConfigurationTemplate, _ before: Cloud, _ after: Cloud) -> [Line] {
        guard !template.secrets.isEmpty else { return [] }
        return template.root.leaves.compactMap { leaf in
            guard case .secret(let secret) = leaf.node.content, let old = before.secrets[secret.name]?.revision,
                let new = after.secrets[secret.name]?.revision, old != new
            else { return nil }
            let value = leaf.node.jsonText
            return Line(path: leaf.pointer, before: "\(value) revision \(old)", after: "\(value) revision \(new)")
        }
    }
}
