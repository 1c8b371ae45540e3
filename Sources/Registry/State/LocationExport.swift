import Cloud
package import NIOCore
import ServiceSupport
package import ServicesExport
import Synchronization

/// The services export of one location, ready to be sent in every version that can express it.
package struct LocationExport: Sendable {
    /// `services.csv` in one version.
    package struct File: Sendable {
        package let bytes: ByteBuffer
        package let digest: ExportDigest

        fileprivate init(_ rows: [ExportRow], _ egress: [EgressRule], _ version: ServicesCSV.Version) {
            let file = ServicesCSV.write(rows, egress: egress, version)
            digest = ExportDigest(of: file)
            bytes = ByteBuffer(bytes: file)
        }
    }

    package let rows: [ExportRow]
    package let egress: [EgressRule]
    /// In the newest version.
    package let newest: File
    /// The oldest version that can express every row.
    package let minimumVersion: ServicesCSV.Version
    /// The generation of the registry that has made this content. A content that comes back, as by drain, ready and
    /// drain, is made anew. After a restart it is the generation that was loaded.
    package let since: Int
    /// The generations that have made the contents before it, the newest first.
    private let earlier: [Int]
    /// The instances that have a row of weight 0, by name.
    package let withoutWeight: [String]
    private let older = OlderFiles()

    /// How many earlier contents are remembered by their generation.
    private static let remembered = 16

    /// - Parameters:
    ///   - since: the generation that makes the export.
    ///   - before: the export before it; where that has the same content, this goes on from its generation.
    package init(
        rows: [ExportRow], egress: [EgressRule] = [], since: Int = 0, after before: LocationExport? = nil
    ) {
        self.rows = rows
        self.egress = egress
        newest = File(rows, egress, .newest)
        if let before, before.newest.digest == newest.digest {
            self.since = before.since
            earlier = before.earlier
        } else {
            self.since = since
            earlier = Array(((before.map { [$0.since] + $0.earlier }) ?? []).prefix(Self.remembered))
        }
        withoutWeight = Set(rows.lazy.filter { $0.weight == 0 }.map(\.service)).sorted()
        minimumVersion = max(
            rows.lazy.map(\.minimumVersion).max() ?? .one, egress.isEmpty ? .one : EgressRule.minimumVersion)
    }

    /// The file in a version; `nil` where that cannot express it.
    ///
    /// An older version than the newest is written when it is first asked for, once for all who ask meanwhile: it costs
    /// a walk over the rows then, and nothing where every gateway reads the newest.
    package func file(_ version: ServicesCSV.Version) async throws -> File? {
        guard version >= minimumVersion else { return nil }
        guard version < .newest else { return newest }
        return try await older.file(version, of: rows, egress)
    }

    /// The generation that has made what was in force at a generation; a later one where that is forgotten.
    package func since(at generation: Int) -> Int {
        ([since] + earlier).first { $0 <= generation } ?? earlier.last ?? since
    }

    /// Files of older versions, kept as long as the export is.
    private final class OlderFiles: Sendable {
        /// Each is written by a task of its own, which goes on when the one who asked first does not wait any more.
        let writings = Mutex<[ServicesCSV.Version: Task<File, any Error>]>([:])

        func file(
            _ version: ServicesCSV.Version, of rows: [ExportRow], _ egress: [EgressRule]
        ) async throws -> File {
            let writing = writings.withLock { writings in
                if let writing = writings[version] { return writing }
                let writing = Task {
                    try await BlockingWork.run { File(rows, egress, version) }
                }
                writings[version] = writing
                return writing
            }
            return try await writing.value
        }
    }
}
