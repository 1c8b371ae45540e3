import Text

extension ClusterConfiguration {
    private static let file = "portcullis.xml"

    /// A shell script of pcs commands, which collects the configuration in a file and pushes it as one change. If it
    /// is run again, it sets the parameters of existing resources, adds missing ones, and leaves the others
    /// unchanged.
    public var pcs: String {
        var commands = properties.map { property in
            // pcs does not accept units of time below a second.
            // exact: the value is ours
            let force = property.value.hasSuffix("ms") ? "--force " : ""
            return Self.pcs("property set \(force)\(property.name)=\(property.value)")
        }
        commands.append(Self.pcs("resource defaults update " + Self.shell(resourceDefaults)))
        commands += fences.flatMap { Self.pcs($0, "stonith") }
        commands += primitives.flatMap { primitive in
            Self.pcs(primitive, "resource", in: groups.first { $0.members.contains(primitive.id) })
        }
        commands += groups.map { Self.pcs("resource meta \($0.id) " + Self.shell($0.meta)) }
        commands += clones.map { clone in
            Self.pcs(
                "resource promotable \(clone.primitive) \(clone.id) " + Self.shell(clone.meta.dropPromotable),
                unlessThereIs: clone.id)
        }
        commands += constraints.map { Self.pcs(Self.pcs($0), unlessThereIs: $0.id) }
        let file = Self.file
        let lines =
            ["#!/bin/sh"] + heading.map { "# \($0)" } + [
                "set -e", "pcs cluster cib \(file)", "cp \(file) \(file).before",
                "# Whether the cluster has it already", "has() { grep -q \" id=\\\"$1\\\"\" \(file).before; }",
            ] + commands + ["pcs cluster cib-push \(file) diff-against=\(file).before"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func pcs(_ command: String) -> String { "pcs -f \(file) \(command)" }

    private static func pcs(_ command: String, unlessThereIs id: String) -> String { "has \(id) || \(pcs(command))" }

    /// Creates a resource, or sets its parameters if it exists.
    private static func pcs(_ primitive: Primitive, _ kind: String, in group: Group? = nil) -> [String] {
        let parameters = primitive.parameters.isEmpty ? [] : [shell(primitive.parameters)]
        let operations = primitive.operations.map { "op \($0.name) " + shell($0.settings) }
        let membership = group.map { ["--group \($0.id)"] } ?? []
        let create = ["\(kind) create \(primitive.id) \(primitive.agent)"] + parameters + operations + membership
        let made = pcs(create.joined(separator: " "), unlessThereIs: primitive.id)
        guard !parameters.isEmpty else { return [made] }
        let update = ["\(kind) update \(primitive.id)"] + parameters
        return [made, "! has \(primitive.id) || " + pcs(update.joined(separator: " "))]
    }

    /// Behind `--`, pcs 0.11 takes a score with a minus sign for no option.
    private static func pcs(_ constraint: Constraint) -> String {
        switch constraint {
        case .colocation(let id, let resource, let clone, let score):
            (score.hasBytePrefix("-") ? "-- " : "")
                + "constraint colocation add \(resource) with promoted \(clone) \(score) id=\(id)"
        case .order(let id, let first, let second, let isOptional, let isSymmetrical):
            "constraint order \(first.name) \(first.resource) then \(second.name) \(second.resource)"
                + (isOptional ? " kind=Optional" : "") + (isSymmetrical ? "" : " symmetrical=false") + " id=\(id)"
        case .ban(let id, let resource, let node): "-- constraint location add \(id) \(resource) \(node) -INFINITY"
        }
    }

    /// The settings, quoted for sh(1).
    private static func shell(_ settings: Settings) -> String {
        words(settings) { value in
            "'" + value.splitBytes("'").joined(separator: #"'\''"#) + "'"
        }
    }
}

extension [ClusterConfiguration.Setting] {
    /// pcs has a command for this setting.
    fileprivate var dropPromotable: Self { filter { $0.name != "promotable" } }
}
