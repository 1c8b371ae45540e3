import Names

extension Cloud {
    /// What a service that ADMIN adds by itself is to have: the version that the most services of its type run; of equals,
    /// that of the service with the lowest index. `nil`: none of them is installed by ADMIN.
    ///
    /// Versions that a rollout is bringing in count like any other. Cost: walks over the services of the type.
    func installation(besides siblings: some Sequence<ServiceInstance>) -> Installation? {
        let installed = siblings.filter { $0.installation?.desired == .running }.sorted { $0.index < $1.index }
        var counts: [String: Int] = [:]
        for service in installed { counts[service.installation?.digest ?? "", default: 0] += 1 }
        let most = counts.values.max()
        var found = installed.first { counts[$0.installation?.digest ?? ""] == most }?.installation
        found?.drive = nil
        found?.isStarting = false
        return found
    }
}
