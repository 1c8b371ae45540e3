import Foundation
import Synchronization
import Testing

@testable import Registry

@Suite("The table of gateways") struct GatewayTableTests {
    /// Counts how often one of them is looked at.
    private final class Looks: Sendable {
        private let hashed = Mutex(0)

        func note() { hashed.withLock { $0 += 1 } }
        func taken() -> Int {
            hashed.withLock { count in
                defer { count = 0 }
                return count
            }
        }
    }

    private struct CountedID: GatewayIdentity {
        let number: Int
        let looks: Looks
        var location: String { "l\(number % 7)" }

        static func == (a: Self, b: Self) -> Bool { a.number == b.number }

        func hash(into hasher: inout Hasher) {
            looks.note()
            hasher.combine(number)
        }
    }

    @Test("a poll looks at as many gateways where there are 10,000 as where there are 10, also after a restart")
    func cost() {
        let looks = Looks()
        let gateway = KnownGateway(now: .now, uptime: .zero)
        func ids(_ count: Int) -> [CountedID] { (0..<count).map { CountedID(number: $0, looks: looks) } }
        func costOfPolls(_ table: inout GatewayTable<CountedID>) -> Int {
            let polled = ids(10)
            // From here on they have a place among what is to be written.
            for id in polled { table.note(id, gateway) }
            _ = looks.taken()
            for id in polled {
                guard let known = table[id], table.count(at: id.location) > 0 else { return -1 }
                table.note(id, known)
            }
            return looks.taken()
        }
        var few = GatewayTable<CountedID>()
        for id in ids(10) { few.note(id, gateway) }
        var many = GatewayTable<CountedID>()
        for id in ids(10_000) { many.note(id, gateway) }
        var loaded = GatewayTable<CountedID>()
        loaded.load(ids(10_000).map { ($0, gateway) })
        let cost = costOfPolls(&few)
        #expect(cost > 0 && cost <= 100)
        #expect(costOfPolls(&many) == cost)
        #expect(costOfPolls(&loaded) == cost)
    }

    @Test("changes that the database did not get are told again, but not of a gateway that is back")
    func putBack() throws {
        var table = GatewayTable<GatewayID>()
        let (one, two) = (GatewayID(location: "l", name: "1"), GatewayID(location: "l", name: "2"))
        let gateway = KnownGateway(now: .now, uptime: .zero)
        for id in [one, two] { table.note(id, gateway) }
        table.forget(two)
        let taken = table.takeChanges()
        let changes = try #require(taken)
        #expect(changes.changed.map(\.0) == [one] && changes.forgotten == [two])
        let rest = table.takeChanges()
        #expect(rest?.changed.count == nil && table.count(at: "l") == 1)
        table.note(two, gateway)
        table.putBack(changes)
        let takenAgain = table.takeChanges()
        let again = try #require(takenAgain)
        #expect(Set(again.changed.map(\.0)) == [one, two] && again.forgotten.isEmpty)
    }
}
