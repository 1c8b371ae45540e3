import Cloud
import ServicesExport
import Testing

@testable import Registry

@Suite("The export of a location") struct LocationExportTests {
    @Test("an older version is written once, however many gateways ask for it at a time")
    func olderVersion() async throws {
        let export = LocationExport(rows: [])
        let tags = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try await export.file(.one)?.digest.etag } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(tags.count == 1 && !tags.contains(nil))
        #expect(export.olderFilesWritten == 1)
        _ = try await export.file(.newest)
        #expect(export.olderFilesWritten == 1)
    }
}
