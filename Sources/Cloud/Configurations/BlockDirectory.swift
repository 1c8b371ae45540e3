import CombinedConfiguration

/// The blocks of a cloud by target type, found once for all types.
struct BlockDirectory {
    private let cloud: Cloud
    private let applying: Set<String>
    /// The blocks for all services, in sort order.
    private let common: [ConfigurationBlock]
    private let ofType: [String: [ConfigurationBlock]]

    /// Walks over all blocks of the cloud.
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

    /// The blocks for services of a type. Those for all services are in sort order. A file's blocks for its own type
    /// count even if the file does not apply to others.
    func blocks(for type: String) -> [ConfigurationBlock] {
        let own = applying.contains(type) ? nil : cloud.types[type]
        let others = own?.configuration.config.lazy.filter { $0.target.contains(type) }.map(\.block)
        return common + ofType[type, default: []] + (others.map(Array.init) ?? [])
    }
}

extension Cloud {
    /// The types whose blocks for other types apply: those with a service, and fake ones.
    var applyingTypes: Set<String> {
        Set(services.values.lazy.map(\.type)).union(types.values.lazy.filter(\.configuration.isFake).map(\.name))
    }
}
