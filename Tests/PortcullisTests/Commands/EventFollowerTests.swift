import AdminAPI
import HTTPTestSupport
import NIOHTTP1
import Synchronization
import Testing

@testable import portcullis

/// `events --follow` against an ADMIN whose answers are prepared.
@Suite struct EventFollowerTests {
    private static func page(_ ids: [Int], at time: String = "2027-01-31T00:00:00Z") -> StubServer.Answer {
        let events = ids.map {
            EventResource(
                id: $0, time: time, actor: "ops", action: .update, kind: .service, name: "tg.1", before: nil, after: nil
            )
        }
        return StubServer.Answer(
            status: .ok,
            headers: ["Content-Type": "application/json", "ETag": "\"a\"", "Preference-Applied": "wait=55"],
            body: EventPage(events: events).jsonBytes)
    }

    private func follow(_ answer: @escaping @Sendable (HTTPRequestHead) -> StubServer.Answer) async throws
        -> (run: CommandRun, requests: Int)
    {
        let server = try await StubServer(answer)
        let run = try await CommandRun.run(
            "portcullis", ["events", "--follow", "-o", "name"], ["PORTCULLIS_ADMIN_URL": server.url])
        await server.close()
        return (run, server.requests.count)
    }

    @Test("answers that contradict each other end it, instead of being asked for again and again")
    func contradictions() async throws {
        let unordered = try await follow { head in
            head.uri.contains("before=") ? Self.page([5]) : Self.page([5, 9, 8])
        }
        #expect(unordered.run.status == 1 && unordered.run.errors.contains("contradict each other"), "\(unordered)")
        let replaced = try await follow { head in
            head.uri.contains("before=") ? Self.page([5]) : Self.page([])
        }
        #expect(replaced.run.status == 1 && replaced.run.errors.contains("contradict each other"), "\(replaced)")
        #expect(replaced.requests < 20)
    }
}
