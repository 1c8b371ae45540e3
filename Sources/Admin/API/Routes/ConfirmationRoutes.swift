import AdminAPI
import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Registry
import Text

extension RouteTable {
    var confirmationRoutes: [Route] {
        [
            Route(
                method: .get, path: .confirmation(at: "{location}"), operation: "readConfirmation",
                summary: "Whether the gateways of a location have confirmed a change", access: .read,
                query: [
                    Route.Parameter(
                        name: QueryParameter.generation,
                        summary: "The `generation` in the answer to the change; without it: the newest",
                        schema: ["type": "integer", "minimum": 0]),
                    Route.Parameter(
                        name: QueryParameter.connections,
                        summary: "true: with the connections of instances at weight 0, as gateways have reported them",
                        schema: ["type": "boolean", "default": false]),
                ],
                headers: [.ifNoneMatch, .prefer("the confirmation")],
                answers: [
                    Route.Answer(
                        status: .ok, summary: "What each gateway has confirmed",
                        content: [(MediaType.json, Confirmation.form.schema)],
                        headers: [.eTag, .vary, .preferenceApplied]),
                    .notModifiedPoll,
                ],
                problems: [.unprocessableContent]
            ) { request in try await confirmation(request) }
        ]
    }

    private func confirmation(_ request: APIRequest) async throws -> Response {
        guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
            throw Self.notAcceptable([MediaType.json])
        }
        let location = request.parameter("location")
        let isCounting = try request.boolean(QueryParameter.connections)
        let newest = try await registry.state(seen: request.look?.position.commit)
        let generation = try request.integer(
            QueryParameter.generation, in: 0...Int.max, default: newest.generation)
        guard generation <= newest.generation else {
            throw APIProblem.invalid([
                .init(
                    pointer: "?\(QueryParameter.generation)",
                    detail: "the registry is at generation \(newest.generation): there was no change \(generation)")
            ])
        }
        let answer = { @Sendable [gateways] (state: RegistryState) async throws -> (bytes: Data, seen: String) in
            let (confirmation, seen) = try await gateways.confirmation(
                of: generation, at: location, in: state, isCounting: isCounting)
            return (Data(confirmation.jsonBytes), seen)
        }
        let (start, first) = try await answer(newest)
        var bytes = start
        var poll = ConditionalPoll(request)
        let commit = try await poll.hold(request, knowing: EntityTag.of(bytes)) { [registry, first] known, tokens in
            var seen = first
            while true {
                let wake = await registry.confirmations.change(of: location, tokens: tokens) { [seen] in
                    $0.isExactly(seen)
                }
                guard wake == .change, !Task.isCancelled, let state = try? await registry.state(),
                    let next = try? await answer(state), known.matchesWeakly(EntityTag.of(next.bytes))
                else { return wake }
                seen = next.seen
            }
        }
        if poll.wasHeld {
            bytes = try await poll.afterwards { try await answer(try await registry.state(seen: commit)).bytes }
        }
        return poll.answer(tag: EntityTag.of(bytes), headers: [.contentType: MediaType.json]) {
            ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        }
    }
}
