import CommandLineSupport
import Testing

@testable import portcullis

@Suite("Rows that are continued") struct ShownRowsTests {
    private func table(_ rows: [[String]]) -> Table { Table(["NAME", "STATE"], rows) }

    @Test("a row is shown again when a value of it differs, and when it comes back")
    func changes() {
        var shown = ShownRows()
        let both = table([["tg.1", "up"], ["tg.2", "up"]])
        #expect(shown.take(["tg.1", "tg.2"], both) == both)
        #expect(shown.take(["tg.1", "tg.2"], both).rows.isEmpty)
        let down = table([["tg.1", "up"], ["tg.2", "down"]])
        #expect(shown.take(["tg.1", "tg.2"], down).rows == [["tg.2", "down"]])
        shown.forget(["tg.1"])
        #expect(shown.take(["tg.1", "tg.2"], down).rows == [["tg.1", "up"]])
    }
}
