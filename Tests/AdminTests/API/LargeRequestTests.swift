import AdminAPI
import HTTPTypes
import Synchronization
import Testing

@testable import Admin

@Suite("Large requests") struct LargeRequestTests {
    private final class Counts: Sendable {
        private struct Values {
            var received = 0
            var working = 0
            var mostReceived = 0
            var mostWorking = 0
        }

        private let values = Mutex(Values())

        func receive() {
            values.withLock {
                $0.received += 1
                $0.mostReceived = max($0.mostReceived, $0.received)
            }
        }

        func begin() {
            values.withLock {
                $0.working += 1
                $0.mostWorking = max($0.mostWorking, $0.working)
            }
        }

        func end() {
            values.withLock {
                $0.working -= 1
                $0.received -= 1
            }
        }

        var most: [Int] { values.withLock { [$0.mostReceived, $0.mostWorking] } }
    }

    @Test("a few are received at a time, one is worked on, some wait, and the rest is told to come back")
    func bounds() async throws {
        let large = LargeRequests()
        let counts = Counts()
        let total = LargeRequests.received + LargeRequests.waiting
        let (gate, open) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<total + 5 {
                group.addTask {
                    do {
                        try await large.run { ticket in
                            counts.receive()
                            for await _ in gate {}
                            await ticket.begin()
                            counts.begin()
                            await Task.yield()
                            counts.end()
                        }
                        return true
                    } catch let problem as APIProblem {
                        #expect(problem.problem.status == 503 && problem.headers[.retryAfter] == "30")
                        return false
                    }
                }
            }
            // Those that find no place and no room to wait end at once.
            for _ in 0..<5 { #expect(try await group.next() == false) }
            open.finish()
            while let isDone = try await group.next() { #expect(isDone) }
        }
        #expect(counts.most == [LargeRequests.received, 1])
        #expect(try await large.run { _ in true })
    }
}
