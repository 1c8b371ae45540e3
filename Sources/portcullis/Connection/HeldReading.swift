import AdminAPI
import AdminClient
import CommandLineSupport

/// A GET that is repeated: ADMIN holds each answer until it differs from the one before, so that nothing that is known is
/// sent again.
struct HeldReading: Sendable {
    /// Seconds for which an answer is held, at most.
    static let wait = 55

    var request: AdminRequest
    /// Takes the notes.
    var note: @Sendable (String) -> Void = { StandardError.write($0) }
    /// Whether ADMIN has answered before: an ADMIN that was never there is an error.
    private var hasAnswered: Bool
    private var isAway = false

    init(request: AdminRequest, hasAnswered: Bool = false) {
        self.request = request
        self.hasAnswered = hasAnswered
    }

    /// The next answer that differs; `nil` when there was none for a while, or ADMIN cannot be reached any more. A note
    /// says that it is away, another that it answers again.
    mutating func next<Value: Described>(
        _ client: AdminResources, as type: Value.Type = Value.self
    ) async throws -> Value? {
        try await next(client) { answer, request in try client.value(of: answer, to: request) }
    }

    /// The next answer that differs, as a value.
    /// - Parameter value: makes the value of it.
    mutating func next<Value>(
        _ client: AdminResources, _ value: (AdminAnswer, AdminRequest) throws -> Value
    ) async throws -> Value? {
        do {
            let isRepeated = !request.known.isEmpty
            // One that was away says at once that it is back.
            request.wait = isRepeated && !isAway ? Self.wait : 0
            let answer = try await client.send(request)
            if isAway { note("Note: ADMIN answers again.") }
            (isAway, hasAnswered) = (false, true)
            // Whoever does not hold its answers is asked each second. A held one is not followed at once by the next:
            // many changes at a time are one.
            // After what has changed, the next one must be there before the list changes again, or all of it is sent.
            // ADMIN itself makes many changes at a time one, then.
            if isRepeated, !answer.isListPatch {
                try await Task.sleep(for: answer.wasHeld ? .milliseconds(100) : .seconds(1))
            }
            guard !answer.isUnchanged else { return nil }
            let value = try value(answer, request)
            request.known = answer.eTag.map { [$0] } ?? []
            return value
        } catch let error as CommandError where error.isTransient && hasAnswered {
            if !isAway { note("Note: \(error.message); waiting for it.") }
            isAway = true
            try await Task.sleep(for: .seconds(1))
            return nil
        }
    }
}
