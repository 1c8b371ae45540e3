import Testing

@testable import AdminClient

@Suite struct AddressOrderTests {
    @Test("a single address is always asked, however often it failed")
    func single() {
        var order = AddressOrder(count: 1)
        for second in 0..<20 {
            order.failed(0, at: .seconds(second), jitter: 1)
            #expect(order.candidates(at: .seconds(second)) == [0])
        }
    }

    @Test("addresses are asked in the order in which they are named, the one that answered last before the others")
    func last() {
        var order = AddressOrder(count: 3)
        #expect(order.candidates(at: .zero) == [0, 1, 2])
        order.succeeded(2)
        #expect(order.candidates(at: .zero) == [2, 0, 1])
    }

    @Test("one that failed is not asked while it rests and another is there, but as the last resort")
    func rest() {
        var order = AddressOrder(count: 3)
        order.failed(0, at: .zero, jitter: 1)
        #expect(order.candidates(at: .milliseconds(999)) == [1, 2, 0])
        #expect(order.candidates(at: .seconds(1)) == [0, 1, 2])
        order.succeeded(1)
        order.failed(1, at: .seconds(1), jitter: 1)
        #expect(order.candidates(at: .seconds(1)) == [0, 2, 1])
    }

    @Test("where all rest, the one whose rest ends first is asked")
    func allRest() {
        var order = AddressOrder(count: 2)
        order.failed(0, at: .zero, jitter: 1)
        order.failed(0, at: .zero, jitter: 1)
        order.failed(1, at: .zero, jitter: 1)
        #expect(order.candidates(at: .zero) == [1])
        order.failed(1, at: .zero, jitter: 1)
        order.failed(1, at: .zero, jitter: 1)
        #expect(order.candidates(at: .zero) == [0])
    }

    @Test("the rest doubles from a second to a minute, half of it by chance, and is over with an answer")
    func doubling() {
        for (jitter, share) in [(0.0, 0.5), (0.5, 0.75), (1, 1), (-1, 0.5), (2, 1)] {
            var order = AddressOrder(count: 2)
            for seconds in [1.0, 2, 4, 8, 16, 32, 60, 60, 60] {
                order.failed(0, at: .zero, jitter: jitter)
                let rest = Duration.seconds(seconds * share)
                #expect(order.candidates(at: rest - .milliseconds(1)) == [1, 0])
                #expect(order.candidates(at: rest) == [0, 1])
            }
            order.succeeded(0)
            #expect(order.candidates(at: .zero) == [0, 1])
            order.failed(0, at: .zero, jitter: 1)
            #expect(order.candidates(at: .seconds(1)) == [0, 1])
        }
    }
}
