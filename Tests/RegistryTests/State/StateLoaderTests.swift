import RegistryTestSupport
import Synchronization
import Testing

@testable import Registry

@Suite struct StateLoaderTests {
    @Test("the state is read once for all who want it at the same time, and again for those who come later")
    func once() async throws {
        let state = try await Registry(store: InMemoryStore()).state()
        let loader = StateLoader()
        let reads = Mutex(0)
        let arrivals = Mutex(0)
        let (signals, go) = AsyncStream.makeStream(of: Void.self)
        let read = { @Sendable () async throws -> RegistryState in
            reads.withLock { $0 += 1 }
            for await _ in signals { break }
            return state
        }
        let arrive = { @Sendable () -> Void in arrivals.withLock { $0 += 1 } }
        try await withThrowingTaskGroup(of: RegistryState.self) { group in
            for _ in 0..<50 { group.addTask { try await loader.state(read, arrive) } }
            while arrivals.withLock({ $0 }) < 50 { try await Task.sleep(for: .milliseconds(10)) }
            go.yield()
            for try await loaded in group { #expect(loaded.generation == state.generation) }
        }
        #expect(reads.withLock { $0 } == 1)
        go.yield()
        _ = try await loader.state(read)
        #expect(reads.withLock { $0 } == 2)
    }
}

extension StateLoader {
    /// The same, and tells when it is this caller's turn: nobody else's comes before the caller waits.
    fileprivate func state(
        _ read: @escaping @Sendable () async throws -> RegistryState, _ arrive: @Sendable () -> Void
    ) async throws -> RegistryState {
        arrive()
        return try await state(read)
    }
}
