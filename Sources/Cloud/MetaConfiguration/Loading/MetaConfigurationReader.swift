import Names
import Text
import YAML

/// Reads the nodes of a document into a meta-configuration, and collects all faults.
///
/// Each area of the file has its own extension.
struct MetaConfigurationReader {
    var diagnostics = YAMLDiagnostics()
    /// Whether the file was accepted before, possibly by a less strict version.
    package var isStored = false

    /// The keys of a document.
    package static let keys = [
        "type", "require-index", "unique", "instances", "fake", "install", "uninstall", "requires", "config", "tests",
        "database",
        "gateway", "build", "user", "run", "listen", "actions", "limits", "upgrade",
        "on-server-lost",
    ]

    /// Reads a document; `nil` if it is no mapping, or has no valid `type`. All faults are in `diagnostics`.
    package mutating func configuration(_ node: YAMLNode) -> MetaConfiguration? {
        guard let mapping = diagnostics.mapping(node, allowedKeys: Self.keys, "a meta-configuration") else {
            return nil
        }
        let type = diagnostics.required("type", of: mapping) { node throws(YAMLError) in
            let name = try node.objectName(.type, "the name of a service type")
            guard name != Self.everyType else {
                throw YAMLError(node.position, "no type may be named \"\(name)\": config blocks mean all types by it")
            }
            return name
        }
        // If the name is missing, "?" stands for it in messages.
        var configuration = MetaConfiguration(type: type ?? "?", position: node.position)
        func flag(_ key: String) -> Bool {
            diagnostics.optional(mapping[key]) { node throws(YAMLError) in try node.boolean() } ?? false
        }
        configuration.requiresIndex = flag("require-index")
        configuration.isUnique = flag("unique")
        configuration.isOnEachServer = isOnEachServer(mapping["instances"])
        configuration.isFake = flag("fake")
        configuration.build = mapping["build"].flatMap { build($0) }
        configuration.user = user(mapping["user"])
        configuration.run = mapping["run"].flatMap { run($0) }
        configuration.listen = mapping["listen"].map { listen($0, workers: configuration.run?.workers ?? 0) } ?? []
        configuration.actions = mapping["actions"].map { actions($0) } ?? []
        configuration.limits = mapping["limits"].flatMap { limits($0) }
        configuration.install = mapping["install"].flatMap { install($0) }
        configuration.uninstall = mapping["uninstall"].flatMap { uninstall($0) }
        configuration.requirements = mapping["requires"].flatMap { requirements($0) }
        configuration.config = mapping["config"].map { configBlocks($0, of: configuration) } ?? []
        configuration.tests = mapping["tests"].map { tests($0) } ?? []
        configuration.upgrade = mapping["upgrade"].flatMap { upgrade($0) }
        configuration.database = mapping["database"].flatMap { database($0) }
        configuration.gateway = mapping["gateway"].map { gatewaySections($0, type: configuration.type) } ?? []
        configuration.onServerLost = mapping["on-server-lost"].flatMap { onServerLost($0) }
        checkMove(configuration, mapping["on-server-lost"])
        if configuration.isUnique, configuration.isOnEachServer {
            diagnostics.report(
                mapping.keyPosition("instances"), "a unique type has at most one service, not one on each server")
        }
        if configuration.isFake {
            for key in Self.keys where !["type", "fake", "config"].contains(key) && mapping[key] != nil {
                diagnostics.report(
                    mapping.keyPosition(key), "a fake type has no services, so \"\(key)\" has no meaning here")
            }
        }
        return type == nil ? nil : configuration
    }

    private mutating func isOnEachServer(_ node: YAMLNode?) -> Bool {
        diagnostics.optional(node) { node throws(YAMLError) in
            let text = try node.text("a rule")
            guard text == "each-server" else {
                throw YAMLError(node.position, "\(node.summary) is no rule for instances; there is \"each-server\"")
            }
            return true
        } ?? false
    }

    /// The nodes of a list; if the node is something else, reports it and returns none.
    package mutating func list(_ node: YAMLNode, _ what: String) -> [YAMLNode] {
        diagnostics.attempt { () throws(YAMLError) in try node.sequence(what) } ?? []
    }

    /// Decodes each node of a list, or a single node. Reports duplicates.
    mutating func uniqueList<Value: Hashable>(
        _ node: YAMLNode?, _ what: String, _ decode: (YAMLNode) throws(YAMLError) -> Value
    ) -> [Value] {
        guard let node,
            let nodes = diagnostics.attempt({ () throws(YAMLError) in try node.oneOrMore(what) })
        else { return [] }
        var seen = Set<Value>()
        var values = [Value]()
        for node in nodes {
            guard let value = diagnostics.optional(node, decode) else { continue }
            guard seen.insert(value).inserted else {
                diagnostics.report(node.position, "\(node.summary) is in the list already")
                continue
            }
            values.append(value)
        }
        return values
    }
}

extension YAMLNode {
    func objectName(_ kind: ObjectName.Kind, _ what: String) throws(YAMLError) -> String {
        let name = try text(what)
        if let problem = ObjectName.problem(with: name, as: kind) {
            throw YAMLError(position, "\(summary) is no name of \(kind.phrase): it \(problem)")
        }
        return name
    }

}
