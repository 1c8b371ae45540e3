import CombinedConfiguration

/// The blocks of a cloud by the types that they go to, found once for all of these.
struct BlockDirectory {
    private let cloud: Cloud
    private let applying: Set<String>
    /// For all services, in their order.
    private let common: [ConfigurationBlock]
    private let ofType: [String: [ConfigurationBlock]]

    /// Looks at each block of the cloud.
    init(_ cloud: Cloud) {
        self.cloud = cloud
        applying = cloud.applyingTypes
        var common = [ConfigurationBlock]()
        var ofType = [String: [ConfigurationBlock]]()
        for file in cloud.types.values where applying.contains(file.name) {
            for block in file.configuration.config {
                switch block.target {
                case .all: common.append(block.block)
                case .types(let types): for type in types { ofType[type, default: []].append(block.block) }
                }
            }
        }
        self.common = common.sorted { $0.id < $1.id }
        self.ofType = ofType
    }

    /// The blocks that go to the services of a type, those for all in their order. A file goes to its own type whether
    /// it applies or not.
    func blocks(for type: String) -> [ConfigurationBlock] {
        let own = applying.contains(type) ? nil : cloud.types[type]
        let others = own?.configuration.config.lazy.filter { $0.target.contains(type) }.map(\.block)
        return common + ofType[type, default: []] + (others.map(Array.init) ?? [])
    }
}

extension Cloud {
    /// The types whose blocks for others apply: those with a service, and the fake ones.
    var applyingTypes: Set<String> {
        Set(services.values.lazy.map(\.type)).union(types.values.lazy.filter(\.configuration.isFake).map(\.name))
    }
}
