import AdminAPI
import RegistryTestSupport
import Testing

@testable import Registry

@Suite("Dumps that are asked of nodes") struct DumpWishesTests {
    private static let id = CrashReport.sample(1).id
    private static let other = CrashReport.sample(2).id

    private let registry = Registry(store: InMemoryStore())

    @Test("a wish is its server's, is told until it is answered, and ends with its last reader")
    func life() async throws {
        let dumps = DumpWishes(registry: registry)
        try await dumps.begin(Self.id, on: "app1")
        try await dumps.begin(Self.id, on: "app1")
        #expect(await dumps.wishes(for: "app2") == nil)
        let text = try #require(await dumps.wishes(for: "app1"))
        #expect(WantedDump.list(text).map(\.crash) == [Self.id])
        // Another server's word counts for nothing.
        #expect(await !dumps.take(.gone, of: Self.id, from: "app2"))
        #expect(await dumps.take(.dump([1, 2]), of: Self.id, from: "app1"))
        #expect(await !dumps.take(.gone, of: Self.id, from: "app1"))
        #expect(await dumps.wishes(for: "app1") == nil)
        #expect(await dumps.answer(of: Self.id, tokens: 0) == .change)
        await dumps.end(Self.id)
        #expect(await dumps.outcome(of: Self.id) == .dump([1, 2]))
        await dumps.end(Self.id)
        #expect(await dumps.outcome(of: Self.id) == nil)
        // The next one has another number, so that the node answers it, too.
        try await dumps.begin(Self.id, on: "app1")
        #expect(await dumps.wishes(for: "app1") != text)
    }

    @Test("a node that waits is woken by a new wish, and not by one that it knows")
    func news() async throws {
        let dumps = DumpWishes(registry: registry)
        let first = Task { await dumps.news(for: "app1", knowing: "none", tokens: 0) }
        while await registry.dumpChanges.waiting == 0 { await Task.yield() }
        try await dumps.begin(Self.id, on: "app1")
        #expect(await first.value == .change)
        let known = try #require(await dumps.wishes(for: "app1"))
        let second = Task { await dumps.news(for: "app1", knowing: known, tokens: 0) }
        while await registry.dumpChanges.waiting == 0 { await Task.yield() }
        // The end of a wish is no news, and neither is a wish for another server.
        await dumps.end(Self.id)
        try await dumps.begin(Self.other, on: "app2")
        #expect(await registry.dumpChanges.waiting == 1)
        try await dumps.begin(Self.id, on: "app1")
        #expect(await second.value == .change)
    }

    @Test("as many are waited for as the limit says, and a node that sends none is not asked")
    func limits() async throws {
        let dumps = DumpWishes(registry: registry, limit: 1)
        try await dumps.begin(Self.id, on: "app1")
        await #expect(throws: DumpWishes.Refusal.full(limit: 1)) { try await dumps.begin(Self.other, on: "app1") }
        await dumps.end(Self.id)
        await dumps.polled(by: "app1", knowing: nil)
        await #expect(throws: DumpWishes.Refusal.unable) { try await dumps.begin(Self.other, on: "app1") }
        await dumps.polled(by: "app1", knowing: "none")
        try await dumps.begin(Self.other, on: "app1")
    }
}
