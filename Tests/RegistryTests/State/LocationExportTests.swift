import Cloud
import NetworkTypes
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

    private func export(weight: Int, since: Int, after before: LocationExport?) -> LocationExport {
        let row = ExportRow(
            service: "tg.1", section: "http", transport: .tcp, addressName: "ip",
            addresses: ["198.51.100.1"].compactMap { IPAddress($0) }, ports: [PortRange(80)].compactMap { $0 },
            method: .masq, scheduler: .wlc, persistence: 0, drainTime: nil, sources: [], options: .none,
            backendAddress: IPAddress("10.1.0.11")!, backendPort: 80, weight: weight)
        return LocationExport(rows: [row], since: since, after: before)
    }

    @Test("an export knows the generation that has made it, though it was there before, and those before it")
    func generations() {
        var last: LocationExport?
        for (generation, weight) in [(3, 100), (5, 0), (6, 0), (8, 100), (9, 0)] {
            last = export(weight: weight, since: generation, after: last)
        }
        #expect(last?.since == 9 && last?.withoutWeight == ["tg.1"])
        #expect([3, 4, 5, 7, 8, 9, 12].map { last?.since(at: $0) } == [3, 3, 5, 5, 8, 9, 9])
        for generation in 10...40 { last = export(weight: generation, since: generation, after: last) }
        // What is forgotten counts as the oldest that is not.
        #expect(last?.since(at: 9) == 24 && last?.since(at: 30) == 30)
    }
}
