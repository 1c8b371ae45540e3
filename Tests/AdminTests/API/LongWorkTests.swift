import Dispatch
import NIOCore
import NIOPosix
import Testing

@testable import Admin

@Suite("Long work") struct LongWorkTests {
    @Test("it goes on where all threads that NIO keeps for files are taken", .timeLimit(.minutes(1)))
    func ownThreads() async throws {
        let taken = NIOSingletons.blockingPoolThreadCountSuggestion
        let gate = DispatchSemaphore(value: 0)
        let (begun, beginning) = AsyncStream<Void>.makeStream()
        let blocked = Task {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<taken {
                    group.addTask {
                        try? await NIOThreadPool.singleton.runIfActive {
                            beginning.yield()
                            gate.wait()
                        }
                    }
                }
            }
        }
        var waiting = begun.makeAsyncIterator()
        for _ in 0..<taken { await waiting.next() }
        #expect(try await LongWork.run { 7 } == 7)
        for _ in 0..<taken { gate.signal() }
        await blocked.value
    }
}
