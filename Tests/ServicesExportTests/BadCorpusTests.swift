import ServicesExport
import TestSupport
import Testing

/// Each `fixtures/csv/bad/NAME.csv` is refused with the message in `NAME.txt`.
@Suite struct BadCorpusTests {
    static let names = ((try? Fixtures.names("csv/bad", ending: ".csv")) ?? []).map { String($0.dropLast(4)) }

    @Test("the corpus has at least 60 files")
    func size() { #expect(Self.names.count >= 60) }

    @Test("a bad file is refused with its message, afresh and after a good one", arguments: names)
    func refused(name: String) throws {
        let bytes = try Fixtures.bytes("csv/bad/\(name).csv")
        let expected = try Fixtures.text("csv/bad/\(name).txt")
        let error = try #require(throws: ServicesCSVError.self) { try ServicesDocument(parsing: bytes) }
        #expect("\(error)\n" == expected)
        let previous = try parse(file(Line.web1, Line.markTCP))
        #expect(throws: error) { try previous.updated(with: bytes) }
    }
}
