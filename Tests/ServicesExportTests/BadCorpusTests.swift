import Foundation
import ServicesExport
import Testing

/// Each `fixtures/csv/bad/NAME.csv` is refused with the message in `NAME.txt`.
@Suite struct BadCorpusTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../fixtures/csv/bad").standardized

    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".csv") }.map { String($0.dropLast(4)) }.sorted()

    @Test("the corpus has at least 60 files")
    func size() { #expect(Self.names.count >= 60) }

    @Test("a bad file is refused with its message, afresh and after a good one", arguments: names)
    func refused(name: String) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(name + ".csv")))
        let expected = try String(contentsOf: Self.folder.appendingPathComponent(name + ".txt"), encoding: .utf8)
        let error = try #require(throws: ServicesCSVError.self) { try ServicesDocument(parsing: bytes) }
        #expect("\(error)\n" == expected)
        let previous = try parse(file(Line.web1, Line.markTCP))
        #expect(throws: error) { try previous.updated(with: bytes) }
    }
}
