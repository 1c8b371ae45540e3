import Text

extension ClusterConfiguration {
    /// The input of `crm configure load update FILE`.
    public var crm: String {
        var lines = heading.map { "# \($0)" }
        lines.append("property " + Self.crm(properties))
        lines.append("rsc_defaults " + Self.crm(resourceDefaults))
        lines += fences.map { Self.crm($0, agent: "stonith:\($0.agent)") }
        lines += primitives.map { Self.crm($0, agent: $0.agent) }
        lines += groups.map { Self.crm(["group \($0.id) \($0.members.joined(separator: " "))", Self.meta($0.meta)]) }
        lines += clones.map { Self.crm(["clone \($0.id) \($0.primitive)", Self.meta($0.meta)]) }
        lines += constraints.map(Self.crm)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func crm(_ primitive: Primitive, agent: String) -> String {
        let parameters = primitive.parameters.isEmpty ? [] : ["params " + crm(primitive.parameters)]
        let operations = primitive.operations.map { "op \($0.name) " + crm($0.settings) }
        return crm(["primitive \(primitive.id) \(agent)"] + parameters + operations)
    }

    private static func meta(_ settings: Settings) -> String { "meta " + crm(settings) }

    /// crmsh interprets nothing within single quotes. Within double quotes, it interprets nothing that `ClusterSite`
    /// allows in a value that has a single quote.
    private static func crm(_ settings: Settings) -> String {
        words(settings) { value in value.hasByte("'") ? "\"\(value)\"" : "'\(value)'" }
    }

    private static func crm(_ parts: [String]) -> String { parts.joined(separator: " \\\n    ") }

    private static func crm(_ constraint: Constraint) -> String {
        switch constraint {
        case .colocation(let id, let resource, let clone, let score):
            "colocation \(id) \(score == "INFINITY" ? "inf" : score): \(resource) \(clone):Promoted"
        case .order(let id, let first, let second, let isOptional, let isSymmetrical):
            "order \(id) \(isOptional ? "Optional" : "Mandatory"): \(first.resource):\(first.name) "
                + "\(second.resource):\(second.name)" + (isSymmetrical ? "" : " symmetrical=false")
        case .ban(let id, let resource, let node): "location \(id) \(resource) -inf: \(node)"
        }
    }
}

extension ClusterConfiguration {
    /// `ip=198.51.100.36 nic=eth0`; values of more than one word are quoted.
    static func words(_ settings: Settings, quoted: (String) -> String) -> String {
        settings.map { setting in
            let isWord =
                !setting.value.isEmpty
                // exact: a Character that is more than one ASCII code point makes it no word
                && setting.value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "@%+=:,./_-".contains($0)) }
            return "\(setting.name)=" + (isWord ? setting.value : quoted(setting.value))
        }.joined(separator: " ")
    }
}
