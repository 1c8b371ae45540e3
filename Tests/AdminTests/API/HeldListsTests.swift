import JSON
import Testing

@testable import Admin

@Suite("Lists that held requests keep") struct HeldListsTests {
    private func text() -> ListText { ListText([(name: "tg.1", json: ["state": "ready"])], restless: []) }

    @Test("requests of the same list keep one text, and with the last of them it goes")
    func sharing() {
        let lists = HeldLists()
        do {
            let first = text()
            #expect(lists.shared(first, target: "/v1/services", tag: "\"a\"") === first)
            #expect(lists.shared(text(), target: "/v1/services", tag: "\"a\"") === first)
            // Another list may have the same text, and another tag is another list.
            #expect(lists.shared(text(), target: "/v1/services?type=tg", tag: "\"a\"") !== first)
            #expect(lists.shared(text(), target: "/v1/services", tag: "\"b\"") !== first)
            withExtendedLifetime(first) { #expect(lists.count == 1) }
        }
        #expect(lists.count == 0)
        let later = text()
        #expect(lists.shared(later, target: "/v1/services", tag: "\"a\"") === later)
    }
}
