import CloudTestSupport
import NetworkTypes
import ServicesExport
import TestSupport
import Testing

@testable import Cloud

@Suite struct ExportSizeTests {
    @Test("the size foreseen is never less than the size that comes")
    func upperBound() throws {
        for seed in 0..<200 {
            var random = SeededGenerator(seed: UInt64(seed))
            var cloud = try RandomCloud.make(using: &random)
            cloud.marks = try cloud.allocatingMarks()
            for location in cloud.locations.keys {
                let rows = cloud.exportRows(location: location)
                let size = cloud.exportSizes()[location] ?? ExportSize()
                // Under dnat one ready instance is exported, whatever their number.
                let egress = cloud.egressRows(location: location)
                #expect(size.rows >= rows.count + egress.count)
                let written = ServicesCSV.write(rows, egress: egress).count
                #expect(size.bytes + ServicesCSV.Version.newest.header.utf8.count + 1 >= written)
            }
        }
    }
}
