import AdminAPI
import Testing

@testable import portcullis

@Suite struct EventHistoryTests {
    private func events(_ ids: ClosedRange<Int>, at time: String = "t") -> [EventResource] {
        ids.map {
            EventResource(
                id: $0, time: "\(time)\($0)", actor: "ops", action: .update, kind: .service, name: "tg.1", before: nil,
                after: nil)
        }
    }

    @Test("events that follow the last one shown are new, and asked for together with it")
    func following() {
        var history = EventHistory(after: 0, events(1...5))
        #expect(history.start == 4)
        #expect(history.add(events(5...5)) == [])
        #expect(history.add(events(5...7)) == events(6...7))
        #expect(history.start == 6)
    }

    @Test("numbers that no event has, as an answer may have them, end nothing", arguments: [Int.min, -1, 0, Int.max])
    func oddNumbers(id: Int) {
        var history = EventHistory(after: 0, events(id...id))
        #expect(history.start == max(id, 1) - 1)
        #expect(history.add(events(id...id)) == [])
        #expect(history.replace(by: events(id...id)) == [])
    }

    @Test("from nothing on, the first event is new")
    func empty() {
        var history = EventHistory(after: 3, [])
        #expect(history.start == 3)
        #expect(history.add([]) == [])
        #expect(history.add(events(4...5)) == events(4...5))
        #expect(history.start == 4)
    }

    @Test("a log that was set back is seen, shorter or longer than the one shown, and goes on where the two part")
    func restored() {
        var shorter = EventHistory(after: 0, events(1...9))
        #expect(shorter.add([]) == nil)
        #expect(shorter.replace(by: events(1...4)) == [])
        #expect(shorter.parting == 4 && shorter.start == 3)
        var longer = EventHistory(after: 0, events(1...9))
        let log = events(1...4) + events(5...12, at: "later ")
        #expect(longer.add(Array(log.dropFirst(8))) == nil)
        #expect(longer.replace(by: log) == events(5...12, at: "later "))
        #expect(longer.parting == 4 && longer.start == 11)
        var other = EventHistory(after: 2, events(7...9))
        #expect(other.replace(by: events(1...5, at: "other ")) == events(3...5, at: "other "))
        #expect(other.parting == 0)
    }

    @Test("a log whose old events were taken out goes on")
    func shortened() {
        var history = EventHistory(after: 0, events(1...5))
        #expect(history.add(events(8...9)) == events(8...9))
    }
}
