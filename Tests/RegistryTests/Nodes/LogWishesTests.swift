import AdminAPI
import Cloud
import Names
import NetworkTypes
import RegistryTestSupport
import Testing
import Text

@testable import Registry

@Suite("Logs that are asked of nodes") struct LogWishesTests {
    private struct Stage {
        let clock = TestClock()
        let registry: Registry
        let logs: LogWishes

        init(limit: Int = 64) {
            registry = Registry(store: InMemoryStore(), now: clock.now, uptime: clock.uptime)
            logs = LogWishes(registry: registry, limit: limit)
        }

        func ask(_ server: String) async -> [LogWish] {
            await logs.take(LogDelivery(pieces: []), from: server).wishes
        }

        @discardableResult
        func send(_ wish: LogWish, _ text: String, file: String = "1.2.3", from server: String = "app1") async
            -> [LogWish]
        {
            let position = LogPosition(file: file, offset: (wish.after?.offset ?? 0) + text.utf8.count)
            let piece = LogPiece(
                stream: wish.stream, after: wish.after, position: position, text: text, isAtEnd: true)
            return await logs.take(LogDelivery(pieces: [piece]), from: server).wishes
        }
    }

    @Test("a wish is its server's, is told to it, and ends some seconds after the last reader")
    func life() async throws {
        let stage = Stage()
        let cursor = try await stage.logs.begin("pgw.1", on: "app1", lines: 5, after: nil)
        #expect(await stage.logs.wishes(for: "app2") == nil)
        let tag = try #require(await stage.logs.wishes(for: "app1"))
        #expect(await stage.ask("app2").isEmpty)
        let wish = try #require(await stage.ask("app1").first)
        #expect(wish.service == "pgw.1" && wish.lines == 5 && wish.after == nil)
        // Another server's word counts for nothing.
        await stage.send(wish, "x\n", from: "app2")
        await stage.send(wish, "a\n")
        let reading = await stage.logs.read(after: cursor)
        #expect(reading.parts.map(\.text) == ["a\n"] && reading.state == .present && reading.isComplete)
        stage.clock.advance(by: 100)
        #expect(await stage.ask("app1").count == 1)
        await stage.logs.end(cursor)
        stage.clock.advance(by: 14)
        #expect(await stage.ask("app1").count == 1)
        #expect(await stage.logs.wishes(for: "app1") == tag)
        stage.clock.advance(by: 2)
        #expect(await stage.ask("app1").isEmpty)
        #expect(await stage.logs.wishes(for: "app1") == nil)
        // Whoever comes back goes on at the same place.
        let again = try await stage.logs.begin("pgw.1", on: "app1", lines: 5, after: reading.next)
        let next = try #require(await stage.ask("app1").first)
        #expect(next.stream != wish.stream && next.after == LogPosition(file: "1.2.3", offset: 2))
        await stage.send(next, "b\n")
        #expect(await stage.logs.read(after: again).parts.map(\.text) == ["b\n"])
    }

    @Test("a node that waits is woken by a new wish, and not by one that it knows")
    func news() async throws {
        let stage = Stage()
        let first = Task { await stage.logs.news(for: "app1", knowing: "0", tokens: 0) }
        while await stage.registry.logChanges.waiting == 0 { await Task.yield() }
        let cursor = try await stage.logs.begin("pgw.1", on: "app1", lines: 5, after: nil)
        #expect(await first.value == .change)
        let known = try #require(await stage.logs.wishes(for: "app1"))
        let second = Task { await stage.logs.news(for: "app1", knowing: known, tokens: 0) }
        while await stage.registry.logChanges.waiting == 0 { await Task.yield() }
        // The end of a wish is no news, and neither is a wish for another server.
        await stage.logs.end(cursor)
        stage.clock.advance(by: 60)
        await stage.logs.polled(by: "app1", knowing: known)
        _ = try await stage.logs.begin("pgw.2", on: "app2", lines: 5, after: nil)
        #expect(await stage.registry.logChanges.waiting == 1)
        _ = try await stage.logs.begin("pgw.3", on: "app1", lines: 5, after: nil)
        #expect(await second.value == .change)
        // A node that was restarted is told at once.
        #expect(await stage.logs.news(for: "app1", knowing: "0", tokens: 0) == .change)
    }

    @Test("as many logs are followed as the limit says, and readers of one log share it")
    func limit() async throws {
        let stage = Stage(limit: 2)
        for service in ["pgw.1", "pgw.2", "pgw.1"] {
            _ = try await stage.logs.begin(service, on: "app1", lines: 5, after: nil)
        }
        #expect(await stage.ask("app1").map(\.service) == ["pgw.1", "pgw.2"])
        let error = await #expect(throws: LogWishes.Full.self) {
            _ = try await stage.logs.begin("pgw.3", on: "app1", lines: 5, after: nil)
        }
        #expect(error?.limit == 2)
    }

    @Test("a node without a log, one that falls silent, and one that sends no logs are told apart")
    func states() async throws {
        let stage = Stage()
        let cursor = try await stage.logs.begin("pgw.1", on: "app1", lines: 5, after: nil)
        #expect(await stage.logs.read(after: cursor).state == .waiting)
        let wish = try #require(await stage.ask("app1").first)
        await stage.send(wish, "", file: "")
        let absent = await stage.logs.read(after: cursor)
        #expect(absent.state == .absent && absent.isComplete)
        stage.clock.advance(by: 20)
        #expect(await stage.logs.read(after: cursor).state == .silent)
        await stage.logs.polled(by: "app1", knowing: nil)
        #expect(await stage.logs.read(after: cursor).state == .unable)
    }

    @Test("the last lines are asked of the node; without an answer there are none")
    func tail() async throws {
        let stage = Stage()
        let state = { @Sendable (cloud: inout Cloud) in
            cloud.locations["tcn"] = Location(name: "tcn", description: "")
            cloud.servers["app1"] = Server(
                name: "app1", location: "tcn", kind: .app, addresses: [IPAddress("10.1.0.11")].compactMap(\.self))
            cloud.types["pgw"] = try ServiceType.read(source: "type: pgw\n", name: "pgw")
            cloud.services["pgw.1"] = ServiceInstance(
                type: "pgw", index: 1, server: "app1", state: .ready, weight: nil)
        }
        _ = try await stage.registry.write(by: ChangeAuthor("test"), dryRun: false) { cloud, _ in try state(&cloud) }
        let asked = Task { await stage.logs.tail(of: "pgw.1", lines: 2, within: .seconds(60)) }
        var wishes: [LogWish] = []
        while wishes.isEmpty { wishes = await stage.ask("app1") }
        await stage.send(wishes[0], "a\nb\nc\n")
        #expect(await asked.value == "b\nc\n")
        #expect(await stage.logs.tail(of: "pgw.9", lines: 2, within: .seconds(60)) == nil)
        #expect(await stage.logs.tail(of: "pgw.1", lines: 9, within: .milliseconds(20)) == nil)
    }
}
