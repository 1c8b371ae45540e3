import Cloud
package import NIOCore
package import ServicesExport

/// The services export of one location, ready to send.
package struct LocationExport: Sendable {
    package let rows: [ExportRow]
    /// The bytes of `services.csv`.
    package let bytes: ByteBuffer
    package let digest: ExportDigest

    package init(rows: [ExportRow]) {
        self.rows = rows
        let file = ServicesCSV.write(rows)
        digest = ExportDigest(of: file)
        bytes = ByteBuffer(bytes: file)
    }
}

/// The exports of every location of one cloud.
///
/// Built once for each generation of the registry, when a change is written; a poll only looks one up. A change
/// rebuilds only the exports that it can affect.
package struct ExportSet: Sendable {
    /// The export of each location.
    package private(set) var byLocation: [String: LocationExport]
    /// How many exports were built so far, for tests that count them.
    private(set) var builds: Int

    init(of cloud: Cloud) {
        let instances = cloud.exportedInstances()
        byLocation = cloud.locations.keys.reduce(into: [:]) { exports, location in
            exports[location] = LocationExport(rows: cloud.exportRows(location: location, instances[location] ?? [:]))
        }
        builds = byLocation.count
    }

    /// The exports after a change that affects `locations`.
    func updated(to cloud: Cloud, affecting locations: Set<String>) -> ExportSet {
        guard !locations.isEmpty else { return self }
        var exports = self
        let instances = cloud.exportedInstances()
        for location in locations {
            guard cloud.locations[location] != nil else {
                exports.byLocation[location] = nil
                continue
            }
            exports.byLocation[location] = LocationExport(
                rows: cloud.exportRows(location: location, instances[location] ?? [:]))
            exports.builds += 1
        }
        return exports
    }

    /// The ETag of each location's export.
    package var tags: [String: String] { byLocation.mapValues(\.digest.etag) }
}
