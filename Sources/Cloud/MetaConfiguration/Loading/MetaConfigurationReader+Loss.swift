import YAML

extension MetaConfigurationReader {
    /// `{after: 60s, move: true, exclusive: false}`
    mutating func onServerLost(_ node: YAMLNode) -> ServerLossPolicy? {
        let keys = ["after", "move", "exclusive"]
        guard let mapping = diagnostics.mapping(node, allowedKeys: keys, "what becomes of services of a lost server")
        else { return nil }
        func flag(_ key: String) -> Bool {
            diagnostics.optional(mapping[key]) { node throws(YAMLError) in try node.boolean() } ?? false
        }
        return ServerLossPolicy(
            after: seconds(mapping["after"], ServerLossPolicy.times) ?? ServerLossPolicy.usualTime,
            moves: flag("move"), isExclusive: flag("exclusive"))
    }

    /// Reports `move` where nothing can come of it.
    mutating func checkMove(_ configuration: MetaConfiguration, _ node: YAMLNode?) {
        guard configuration.onServerLost?.moves == true, let node, let reason = configuration.reasonToStay else {
            return
        }
        diagnostics.report(node.position, "its services do not move by themselves (\"move\"): \(reason)")
    }
}

extension MetaConfiguration {
    /// Why services of the type stay with a server that is lost, whatever `on-server-lost` says; `nil`: they need not.
    package var reasonToStay: String? {
        if isUnique { return "the type is unique" }
        if keepsData { return "they have data on their server" }
        if isOnEachServer { return "each server has one" }
        return gateway.isEmpty ? "nothing at the gateways leads to them" : nil
    }
}
