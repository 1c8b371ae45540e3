import AdminClient
import NIOCore
import NIOPosix
import Testing

@Suite struct EventLoopExecutorTests {
    private func withExecutor(_ body: (EventLoopExecutor, any EventLoop) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        try await body(EventLoopExecutor(eventLoop), eventLoop)
        try await group.shutdownGracefully()
    }

    private actor Witness {
        func isOn(_ eventLoop: any EventLoop) -> Bool { eventLoop.inEventLoop }
    }

    @Test("what follows a sleep is done on the event loop, an actor's work, too")
    func place() async throws {
        try await withExecutor { executor, eventLoop in
            let witness = Witness()
            #expect(await !witness.isOn(eventLoop))
            await withTaskExecutorPreference(executor) {
                await executor.sleep(for: .milliseconds(1))
                #expect(await witness.isOn(eventLoop))
            }
        }
    }

    @Test("a sleep lasts as long as it was told to")
    func duration() async throws {
        try await withExecutor { executor, _ in
            let start = ContinuousClock.now
            await executor.sleep(for: .milliseconds(50))
            #expect(ContinuousClock.now - start >= .milliseconds(50))
        }
    }

    @Test("a sleep ends with its task, begun or not", arguments: [false, true])
    func cancellation(isBegun: Bool) async throws {
        try await withExecutor { executor, _ in
            let sleeper = Task { await executor.sleep(for: .seconds(100_000)) }
            if isBegun { try await Task.sleep(for: .milliseconds(20)) }
            sleeper.cancel()
            await sleeper.value
        }
    }
}
