import Cloud
import NIOCore
import NetworkTypes
import ServicesExport
import Testing

@testable import Registry

@Suite("The export of a location") struct LocationExportTests {
    @Test("an older version is written once, however many gateways ask for it at a time")
    func olderVersion() async throws {
        let export = LocationExport(rows: [])
        let files = try await withThrowingTaskGroup(of: LocationExport.File?.self) { group in
            for _ in 0..<50 { group.addTask { try await export.file(.one) } }
            return try await group.reduce(into: [LocationExport.File?]()) { $0.append($1) }
        }
        #expect(!files.contains { $0 == nil } && Set(files.compactMap(\.?.digest.etag)).count == 1)
        // Files that were written apart are in memory apart.
        #expect(Set(files.map(place)).count == 1)
        #expect(try await place(of: export.file(.newest)) != place(of: files[0]))
    }

    /// Where in memory a file is.
    private func place(of file: LocationExport.File?) -> Int? {
        file?.bytes.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) }
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
