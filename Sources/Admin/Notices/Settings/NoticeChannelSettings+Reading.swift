import Cloud
import Names
import Text
import YAML

extension NoticeChannelSettings {
    /// `[{webhook: https://…, secret-file: …, severity: warning, types: [pgw], locations: [tcn]}]`
    static func read(_ node: YAMLNode, _ diagnostics: inout YAMLDiagnostics) -> [NoticeChannelSettings] {
        let nodes = diagnostics.attempt { () throws(YAMLError) in try node.sequence("a list of channels") } ?? []
        if nodes.count > most { diagnostics.report(node.position, "more than \(most) channels") }
        var names: Set<ExactText> = []
        let channels: [NoticeChannelSettings] = nodes.prefix(most).compactMap { node in
            guard let channel = channel(node, &diagnostics) else { return nil }
            if !names.insert(ExactText(channel.name)).inserted {
                diagnostics.report(
                    node.position, "a channel \(channel.name) is there already: give this one another `name`")
            }
            return channel
        }
        for channel in channels {
            guard let fallback = channel.fallback else { continue }
            if !names.contains(fallback) || fallback == ExactText(channel.name) {
                diagnostics.report(
                    node.position,
                    "the `fallback` of the channel \(channel.name) is \(fallback.wrappedValue): name another channel")
            }
        }
        return channels
    }

    private static func channel(_ node: YAMLNode, _ diagnostics: inout YAMLDiagnostics) -> NoticeChannelSettings? {
        let keys =
            NoticeWay.keys + [
                "name", "secret-file", "ca-file", "severity", "types", "locations", "fallback", "fallback-after",
            ]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "a channel") else { return nil }
        let way = NoticeWay.read(mapping, &diagnostics)
        let name = diagnostics.optional(mapping["name"]) { node throws(YAMLError) in try self.name(node) }
        let authorities = diagnostics.optional(mapping["ca-file"]) { node throws(YAMLError) in try node.path() }
        let severity = diagnostics.optional(mapping["severity"]) { node throws(YAMLError) in
            try node.choice(Notice.Severity.self, "severity")
        }
        let types = mapping["types"].map { self.names($0, .type, &diagnostics) }
        let locations = mapping["locations"].map { self.names($0, .location, &diagnostics) }
        guard let way else { return nil }
        var channel = NoticeChannelSettings(name: name ?? way.usualName, way, place: node.position.description)
        channel.caFile = authorities
        channel.fallback = diagnostics.optional(mapping["fallback"]) { node throws(YAMLError) in
            ExactText(try self.name(node))
        }
        if let node = mapping["fallback-after"] {
            channel.fallbackAfter =
                diagnostics.attempt { () throws(YAMLError) in try node.seconds("a time", in: 5...86_400) } ?? 120
            if channel.fallback == nil {
                diagnostics.report(node.position, "`fallback-after` belongs to `fallback`, which is not there")
            }
        }
        channel.severity = severity ?? .info
        (channel.types, channel.locations) = (types, locations)
        return channel
    }

    private static func name(_ node: YAMLNode) throws(YAMLError) -> String {
        let name = try node.text("the name of a channel")
        let isFit = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        }
        guard isFit, (1...63).contains(name.utf8.count) else {
            throw YAMLError(
                node.position,
                "\(node.summary) is no name of a channel: up to 63 letters, digits, \"-\", \".\" and \"_\"")
        }
        return name
    }

    private static func names(
        _ node: YAMLNode, _ kind: ObjectName.Kind, _ diagnostics: inout YAMLDiagnostics
    ) -> Set<String> {
        let nodes = diagnostics.attempt { () throws(YAMLError) in try node.oneOrMore("a list of names") } ?? []
        return nodes.reduce(into: []) { names, node in
            let name = diagnostics.attempt { () throws(YAMLError) in
                let name = try node.text("a name")
                if let problem = ObjectName.problem(with: name, as: kind) {
                    throw YAMLError(node.position, "\(node.summary) is no name of \(kind.phrase): it \(problem)")
                }
                return name
            }
            if let name { names.insert(name) }
        }
    }
}
