import Cloud
import ServicesExport

/// The exports of every location, belonging to one cloud.
///
/// Made once for each generation of the registry, when a change is written; a poll only looks up. A change builds
/// again only the locations it can affect.
package struct ExportSet: Sendable {
    package private(set) var byLocation: [String: LocationExport]

    /// - Parameter generation: the registry's.
    init(of cloud: Cloud, generation: Int) {
        let (instances, egress) = (cloud.exportedInstances(), cloud.egressRows())
        byLocation = cloud.locations.keys.reduce(into: [:]) { exports, location in
            exports[location] = LocationExport(
                rows: cloud.exportRows(location: location, instances[location] ?? [:]),
                egress: egress[location] ?? [], since: generation)
        }
    }

    /// The exports after a change that affects `locations` and makes a generation.
    func updated(to cloud: Cloud, affecting locations: Set<String>, generation: Int) -> ExportSet {
        guard !locations.isEmpty else { return self }
        var exports = self
        let (instances, egress) = (cloud.exportedInstances(), cloud.egressRows())
        for location in locations {
            guard cloud.locations[location] != nil else {
                exports.byLocation[location] = nil
                continue
            }
            exports.byLocation[location] = LocationExport(
                rows: cloud.exportRows(location: location, instances[location] ?? [:]),
                egress: egress[location] ?? [], since: generation, after: byLocation[location])
        }
        return exports
    }

    /// The ETag of each location's export in the newest version.
    package var tags: [String: String] { byLocation.mapValues(\.newest.digest.etag) }
}
