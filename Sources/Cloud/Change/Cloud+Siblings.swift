import Names
import Text

/// What ADMIN knows of a version that services have, for others that are to get the same.
package struct SiblingVersion: Sendable, Hashable {
    /// Whether it is marked as good.
    package var isGood: Bool
    /// Why no other service gets it, and how that is lifted; `nil`: one may.
    package var refusal: String?
    /// When it was added: RFC 3339 in UTC.
    package var createdAt: String

    package init(isGood: Bool = false, refusal: String? = nil, createdAt: String = "") {
        self.isGood = isGood
        self.refusal = refusal
        self.createdAt = createdAt
    }
}

/// What a service that ADMIN adds by itself is to have.
enum SiblingInstallation: Equatable {
    /// Nothing: none of the others is installed by ADMIN.
    case none
    case version(Installation)
    /// Nothing, although others have versions: none of those may be given. Why not the one that the most have.
    case refused(String)
}

extension Cloud {
    /// What a service that ADMIN adds by itself is to have: the version that the most services of its type run; of equals,
    /// that of the service with the lowest index. If that one is quarantined: of the others' versions that are not, one
    /// that is marked as good before any other, and then the newest. A variant beside the main one is somebody's choice
    /// for one service: it counts only where no service runs a main one.
    ///
    /// Versions that a rollout is bringing in count like any other. Cost: walks over the services of the type.
    ///
    /// - Parameter versions: what is known of the versions by their digests. One that is not known may be given.
    func installation(
        besides siblings: some Sequence<ServiceInstance>, _ versions: [String: SiblingVersion]
    ) -> SiblingInstallation {
        let running = siblings.sorted { $0.index < $1.index }.compactMap(\.installation)
            .filter { $0.desired == .running }
        let main = running.filter { !$0.version.isOtherVariant }
        let installed = main.isEmpty ? running : main
        var counts: [String: Int] = [:]
        for installation in installed { counts[installation.digest, default: 0] += 1 }
        let most = counts.values.max()
        guard let first = installed.first(where: { counts[$0.digest] == most }) else { return .none }
        var found = first
        if let refusal = versions[first.digest]?.refusal {
            func rank(_ installation: Installation) -> (Int, String) {
                let version = versions[installation.digest]
                return (version?.isGood == true ? 1 : 0, version?.createdAt ?? "")
            }
            let allowed = installed.filter { versions[$0.digest]?.refusal == nil }
            guard let newest = allowed.max(by: { rank($0) < rank($1) }) else { return .refused(refusal) }
            found = newest
        }
        found.drive = nil
        found.isStarting = false
        return .version(found)
    }

    /// Services on each server that have no version, although the others of their type have, and therefore wait in `maint`.
    func siblingWarnings(since before: Cloud) -> [Contradiction] {
        let types = types.values.filter { $0.configuration.isOnEachServer }.map(\.name)
        guard !types.isEmpty else { return [] }
        return services.values.filter { service in
            types.contains(service.type) && service.state == .maint && service.installation == nil
                && before.services[service.name] == nil
                && services.values.contains { $0.type == service.type && $0.installation != nil }
        }.sorted { $0.index < $1.index }.map { service in
            Contradiction(
                "\(service.name) has no version and is in maint, since each version that other services of the type have is "
                    + "quarantined: give it one, and make it ready", of: [.init(.service, service.name)])
        }
    }
}
