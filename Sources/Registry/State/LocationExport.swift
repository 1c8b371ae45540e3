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

        fileprivate init(_ rows: [ExportRow], _ version: ServicesCSV.Version) {
            let file = ServicesCSV.write(rows, version)
            digest = ExportDigest(of: file)
            bytes = ByteBuffer(bytes: file)
        }
    }

    package let rows: [ExportRow]
    /// In the newest version.
    package let newest: File
    /// The oldest version that can express every row.
    package let minimumVersion: ServicesCSV.Version
    private let older = OlderFiles()

    package init(rows: [ExportRow]) {
        self.rows = rows
        newest = File(rows, .newest)
        minimumVersion = rows.lazy.map(\.minimumVersion).max() ?? .one
    }

    /// The file in a version; `nil` where that cannot express it.
    ///
    /// An older version than the newest is written when it is first asked for: it costs a walk over the rows then, and
    /// nothing where every gateway reads the newest.
    package func file(_ version: ServicesCSV.Version) async throws -> File? {
        guard version >= minimumVersion else { return nil }
        guard version < .newest else { return newest }
        if let file = older.files.withLock({ $0[version] }) { return file }
        let file = try await BlockingWork.run { [rows] in File(rows, version) }
        older.files.withLock { $0[version] = file }
        return file
    }

    /// Files of older versions, kept as long as the export is.
    private final class OlderFiles: Sendable {
        let files = Mutex<[ServicesCSV.Version: File]>([:])
    }
}
