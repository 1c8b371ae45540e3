import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry
import ServiceSupport
import Text

/// An answer that may be held until it differs from what the client has.
struct HeldAnswer: Sendable {
    let bytes: Data
    let tag: String
    /// The list that it holds; `nil` if it cannot be sent as changes.
    let list: ListText?
    /// The target of the next page.
    var next: String?

    /// - Parameter counted: what counts for the tag, which then is weak; `nil`: every byte.
    init(_ bytes: Data, counting counted: Data? = nil, list: ListText? = nil, next: String? = nil) {
        self.bytes = bytes
        self.list = list
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
        var poll = ConditionalPoll(request)
        let tag: String
        let base: ListText?
        var answer: HeldAnswer?
        do {
            // While it is held, the request keeps only what it needs: it may be one of many.
            let first = try await make()
            let willWait = poll.willHold(knowing: first.tag)
            tag = first.tag
            base =
                willWait && poll.takesPatch
                ? first.list.map { heldLists.shared($0, target: request.request.uri.string, tag: first.tag) } : nil
            answer = willWait ? nil : first
        }
        let begin = ContinuousClock.now
        _ = try await poll.hold(request, knowing: tag) { known, tokens in
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
        return try await poll.afterwards {
            let answer = if let answer { answer } else { try await make() }
            if let base, let patch = try await Self.patch(from: base, to: answer, poll) { return patch }
            var headers: HTTPFields = [.contentType: MediaType.json]
            headers[.link] = answer.next.map { "<\($0)>; rel=\"next\"" }
            return poll.answer(tag: answer.tag, headers: headers) {
                ResponseBody(byteBuffer: ByteBuffer(bytes: answer.bytes))
            }
        }
    }

    /// What has changed in a list; `nil` where that is nothing, or no less than the whole.
    private static func patch(
        from base: ListText, to answer: HeldAnswer, _ poll: ConditionalPoll
    ) async throws -> Response? {
        guard let list = answer.list, poll.condition?.matchesWeakly(answer.tag) == false else { return nil }
        let patch = try await BlockingWork.run { try base.patch(to: list) }
        let body = ByteBuffer(string: patch.json.description)
        guard patch.places.count <= Limits.places, body.readableBytes < list.bytes.count else { return nil }
        var headers: HTTPFields = [.contentType: MediaType.mergePatch, .manipulation: APIHeader.mergePatch]
        headers[.places] = patch.placesText
        return poll.answer(status: .manipulated, tag: answer.tag, caching: "no-store", headers: headers) {
            ResponseBody(byteBuffer: body)
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
    static let acceptedManipulation = Self(APIHeader.acceptedManipulation)!
    static let link = Self(APIHeader.link)!
    static let manipulation = Self(APIHeader.manipulation)!
    static let places = Self(APIHeader.places)!
}

extension HTTPResponse.Status {
    /// What has changed (RFC 3229).
    static let manipulated = Self(code: 226, reasonPhrase: "IM Used")
}

extension Route.Answer {
    /// What has changed in a list.
    static let changedElements = Self(
        status: .manipulated,
        summary: "A-IM has merge-patch, and the list has changed while the answer was held: its elements that differ, "
            + "by their names (those of gateways with their locations), null for those that are gone (RFC 3229)",
        content: [(MediaType.mergePatch, ListPatch.schema)],
        headers: [.eTag, .vary, .preferenceApplied, .manipulation, .places])
}

extension Route.Parameter {
    static let manipulations = Self(
        name: APIHeader.acceptedManipulation,
        summary: "merge-patch: when the list has changed while the answer was held, and If-None-Match has one ETag, "
            + "answer 226 with what has changed (RFC 3229). The whole list is answered to a page, and where more than "
            + "\(Limits.places) elements are new or stand elsewhere",
        schema: ["type": "string"])
    static let manipulation = Self(
        name: APIHeader.manipulation, summary: "merge-patch (RFC 3229)",
        schema: ["type": "string", "enum": [.string(APIHeader.mergePatch)]])
    static let places = Self(
        name: APIHeader.places,
        summary: "The places of elements that are new or stand elsewhere in the list as it is now, from 0, in rising "
            + "order: 3=pgw.4, 17=tg.1. The others keep their order. Absent without any",
        schema: ["type": "string", "pattern": "^[0-9]+=[^, ]+(, [0-9]+=[^, ]+)*$"])
}
