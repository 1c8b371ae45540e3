import Dispatch
import NIOCore
import NIOPosix
import ServiceSupport
import Synchronization
import Testing

@testable import Admin

@Suite("Long work") struct LongWorkTests {
    @Test("it goes on where all threads that NIO keeps for files are taken")
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
        let isGivenUp = Mutex(false)
        let rescue = Task {
            try await Task.sleep(for: .seconds(20))
            isGivenUp.withLock { $0 = true }
            for _ in 0..<taken { gate.signal() }
        }
        try await BlockingWork.run {}
        rescue.cancel()
        let wasGivenUp = isGivenUp.withLock { $0 }
        #expect(!wasGivenUp, "it waited for them")
        if !wasGivenUp { for _ in 0..<taken { gate.signal() } }
        await blocked.value
    }
}
