extension ClusterConfiguration {
    /// A shell script of pcs commands: made in a file, pushed as one change.
    public var pcs: String {
        let file = "portcullis.xml"
        var commands = properties.map { property in
            // pcs knows no unit of time below a second.
            let force = property.value.hasSuffix("ms") ? "--force " : ""
            return "property set \(force)\(property.name)=\(property.value)"
        }
        commands.append("resource defaults update " + Self.words(resourceDefaults))
        commands += fences.map { Self.pcs($0, "stonith create") }
        commands += primitives.map { primitive in
            let command = Self.pcs(primitive, "resource create")
            guard let group = groups.first(where: { $0.members.contains(primitive.id) }) else { return command }
            return "\(command) --group \(group.id)"
        }
        commands += groups.map { "resource meta \($0.id) " + Self.words($0.meta) }
        commands += clones.map { "resource promotable \($0.primitive) \($0.id) " + Self.words($0.meta.dropPromotable) }
        commands += constraints.map(Self.pcs)
        let lines =
            ["#!/bin/sh"] + heading.map { "# \($0)" } + [
                "set -e", "pcs cluster cib \(file)", "cp \(file) \(file).before",
            ]
            + commands.map { "pcs -f \(file) \($0)" } + ["pcs cluster cib-push \(file) diff-against=\(file).before"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func pcs(_ primitive: Primitive, _ command: String) -> String {
        let parameters = primitive.parameters.isEmpty ? [] : [words(primitive.parameters)]
        let operations = primitive.operations.map { "op \($0.name) " + words($0.settings) }
        return (["\(command) \(primitive.id) \(primitive.agent)"] + parameters + operations).joined(separator: " ")
    }

    private static func pcs(_ constraint: Constraint) -> String {
        switch constraint {
        case .colocation(let id, let resource, let clone, let score):
            "constraint colocation add \(resource) with promoted \(clone) \(score) id=\(id)"
        case .order(let id, let first, let second, let isOptional, let isSymmetrical):
            "constraint order \(first.name) \(first.resource) then \(second.name) \(second.resource)"
                + (isOptional ? " kind=Optional" : "") + (isSymmetrical ? "" : " symmetrical=false") + " id=\(id)"
        case .ban(let id, let resource, let node): "constraint location add \(id) \(resource) \(node) -INFINITY"
        }
    }
}

extension [ClusterConfiguration.Setting] {
    /// pcs says it with the command.
    fileprivate var dropPromotable: Self { filter { $0.name != "promotable" } }
}
