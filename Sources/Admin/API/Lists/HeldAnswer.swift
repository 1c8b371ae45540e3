import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry
import Text

/// An answer that may be held until it differs from what the client has.
struct HeldAnswer: Sendable {
    let bytes: Data
    let tag: String
    /// The target of the next page.
    var next: String?

    /// - Parameter counted: what counts for the tag, which then is weak; `nil`: every byte.
    init(_ bytes: Data, counting counted: Data? = nil, next: String? = nil) {
        self.bytes = bytes
        self.next = next
        let tag = EntityTag.of((counted ?? bytes) + Data((next ?? "").utf8))
        self.tag = counted == nil ? tag : "W/\(tag)"
    }
}

extension RouteTable {
    /// How often what changes with time alone is looked at while an answer is held.
    private static let look = Duration.seconds(5)
    /// How often a held answer is made again, at most, however often things change: it may walk over all services.
    private static let pause = Duration.milliseconds(250)

    /// Answers a GET of something that consists of others, and that nobody has in memory as a whole.
    ///
    /// - Parameters:
    ///   - thing: what it is made of.
    ///   - changesWithTime: whether it may change without anything of that changing.
    ///   - make: makes the answer. It is called again when a thing has changed while the answer is held.
    func answer(
        _ request: APIRequest, of thing: ListedThing, changesWithTime: Bool = false,
        _ make: @escaping @Sendable () async throws -> HeldAnswer
    ) async throws -> Response {
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
            throw Self.notAcceptable([MediaType.json])
        }
        let changes = registry.listChanges
        let count = await changes.count(of: thing)
        var answer = try await make()
        let begin = ContinuousClock.now
        var poll = ConditionalPoll(request)
        _ = try await poll.hold(request, knowing: answer.tag) { known, tokens in
            var (seen, made) = (count, begin)
            while !Task.isCancelled {
                let wake = await Self.wake(every: changesWithTime ? Self.look : nil) { [seen] in
                    await changes.change(of: thing.rawValue, tokens: tokens) { $0.isExactly(seen) }
                }
                if wake == .tokens { return .tokens }
                try? await Task.sleep(until: made + Self.pause)
                seen = await changes.count(of: thing)
                made = .now
                guard let now = try? await make(), known.matchesWeakly(now.tag) else { return .change }
            }
            return .change
        }
        if poll.wasHeld { answer = try await poll.afterwards(make) }
        var headers: HTTPFields = [.contentType: MediaType.json]
        headers[.link] = answer.next.map { "<\($0)>; rel=\"next\"" }
        return poll.answer(tag: answer.tag, headers: headers) { [answer] in
            ResponseBody(byteBuffer: ByteBuffer(bytes: answer.bytes))
        }
    }

    /// Waits for a change, or for a time to pass.
    private static func wake(
        every time: Duration?, _ change: @escaping @Sendable () async -> TagWaiters.Wake
    ) async -> TagWaiters.Wake {
        guard let time else { return await change() }
        return await withTaskGroup(of: TagWaiters.Wake.self) { group in
            group.addTask { await change() }
            group.addTask {
                try? await Task.sleep(for: time)
                return .change
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .change
        }
    }
}

extension HTTPField.Name {
    static let link = Self(APIHeader.link)!
}
