/// The instances of each type of a cloud, by index. Their states and weights are those of the type's last update.
struct InstancesByType: Sendable {
    private var lists: [String: [ServiceInstance]] = [:]

    subscript(type: String) -> [ServiceInstance] { lists[type] ?? [] }

    /// Reads some types again; `nil`: all of them. Walks over all services.
    package mutating func update(_ types: Set<String>?, from cloud: Cloud) {
        guard types?.isEmpty != true else { return }
        let services = cloud.services.values.filter { types?.contains($0.type) ?? true }
        let found = Dictionary(grouping: services, by: \.type).mapValues { $0.sorted { $0.index < $1.index } }
        for type in types ?? Set(lists.keys).union(found.keys) { lists[type] = found[type] }
    }
}
