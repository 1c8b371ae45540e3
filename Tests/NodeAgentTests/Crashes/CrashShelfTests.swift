import AdminAPI
import Foundation
import TestSupport
import Testing

@testable import NodeAgent

struct CrashShelfTests {
    private static func report(_ number: Int) -> CrashReport {
        let digits = String(number, radix: 16)
        return CrashReport(
            id: String(repeating: "0", count: 24 - digits.utf8.count) + digits, service: "tg.1", worker: 1, pid: 7,
            at: "2026-11-29T00:00:00Z", kind: .crashed, signal: 11, fingerprint: "0123456789abcdef",
            program: "/srv/tg")
    }

    @Test func `dumps stay within their room, the newest are kept, and no report is lost`() async throws {
        try await withTemporaryFolder { folder in
            let shelf = CrashShelf(NodeDirectory(folder.path()), room: 100_000)
            for number in 0..<60 {
                var report = Self.report(number)
                report.dumpSize = 7_000
                try shelf.keep(report, dump: [UInt8](repeating: 0x61, count: 7_000), kind: "tg 11")
                shelf.trim()
            }
            let dumped = (0..<60).filter { shelf.dump(of: Self.report($0).id) != nil }
            #expect(dumped.count == 14)
            // Those of one moment are of one age.
            #expect(dumped.allSatisfy { $0 >= 30 })
            #expect(shelf.waiting().count == 60)
            // What ADMIN has and what has no dump any more is gone.
            for number in 0..<60 { shelf.deliver(Self.report(number).id) }
            #expect(shelf.ids.count == 14)
        }
    }
}
