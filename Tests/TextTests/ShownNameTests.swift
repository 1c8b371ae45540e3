import Testing
import Text

@Suite struct ShownNameTests {
    @Test("a name in a message is cut, and what is deceptive is escaped")
    func shown() {
        #expect("pgw.1".shownName() == "pgw.1")
        #expect(String(repeating: "a", count: 80).shownName() == String(repeating: "a", count: 80))
        #expect(String(repeating: "ä", count: 81).shownName() == String(repeating: "ä", count: 80) + "…")
        #expect("abc".shownName(atMost: 2) == "ab…")
        #expect("a\u{1B}[2J\nb".shownName() == "a\\u{1B}[2J\\nb")
    }
}
