import AdminAPI
import HTTPTypes
import Hummingbird
import JSON
import Registry
import ServiceLifecycle

/// A GET that knows a version (If-None-Match) and may wait for another one (`Prefer: wait`).
struct ConditionalPoll {
    let condition: EntityTag.List?
    /// Seconds; `nil`: the request does not wait.
    let wait: Int?
    /// Whether the client takes what has changed in a list, since the only version that it names.
    let takesPatch: Bool
    /// Seconds for which it waits for what does not exist yet, without a version that it knows.
    private let waitForExistence: Int
    /// Whether the answer was held.
    private(set) var wasHeld = false
    /// Whether the connection is watched while the answer is held, so that the wait ends with it. It cannot be used again
    /// then; without, a wait ends as late as its time.
    private let watchesConnection: Bool
    /// Whether the connection was watched, and cannot be used again.
    private var endsConnection: Bool { wasHeld && watchesConnection }

    /// - Parameters:
    ///   - mayWait: whether the request is held if it wants that.
    ///   - shortWait: the longest time in seconds for which the request is held, so short that nobody minds if its client
    ///     is gone; `nil`: `PreferField.longestWait`, and the connection is watched.
    init(_ request: APIRequest, mayWait: Bool = true, shortWait: Int? = nil) {
        condition = Preconditions.ifNoneMatch(request.headers)
        watchesConnection = shortWait == nil
        let wanted =
            !mayWait || request.request.method == .head
            ? nil : PreferField(request.headers[.prefer]).wait.map { min($0, shortWait ?? $0) }
        wait = condition == nil ? nil : wanted
        waitForExistence = wanted ?? 0
        let isOfOneVersion = if case .tags(let tags)? = condition { tags.count == 1 } else { false }
        takesPatch = isOfOneVersion && ManipulationField(request.headers[.acceptedManipulation]).takesMergePatch
    }

    /// Whether the client has the content of this tag and is willing to wait for another.
    func willHold(knowing tag: String) -> Bool { wait ?? 0 > 0 && condition?.matchesWeakly(tag) == true }

    /// If the client has the content of this tag and is willing to wait, waits until `change` returns, the time is
    /// over, the client has disconnected, its token is no longer valid, or ADMIN shuts down.
    ///
    /// Throws a 401 if the token was removed or has expired in the meantime.
    ///
    /// - Parameter change: gets the tags that the client knows, and the generation of the tokens that was seen.
    /// - Returns: the registry's newest commit after the wait; `nil` if there was no wait.
    mutating func hold(
        _ request: APIRequest, knowing tag: String,
        until change: @escaping @Sendable (EntityTag.List, Int) async -> TagWaiters.Wake
    ) async throws -> CommitID? {
        guard willHold(knowing: tag), let wait, let condition else { return nil }
        return try await hold(request, seconds: wait) { tokens in await change(condition, tokens) }
    }

    /// If the client is willing to wait, waits until something exists; otherwise like `hold(_:knowing:until:)`.
    ///
    /// - Parameter appearance: returns when it exists; gets the generation of the tokens that was seen.
    mutating func holdUntilExistence(
        _ request: APIRequest, _ appearance: @escaping @Sendable (Int) async -> TagWaiters.Wake
    ) async throws -> CommitID? {
        guard waitForExistence > 0 else { return nil }
        return try await hold(request, seconds: waitForExistence, until: appearance)
    }

    /// Waits in any case: until `change` returns, the time is over, or anything else that ends a wait.
    mutating func hold(
        _ request: APIRequest, seconds wait: Int, until change: @escaping @Sendable (Int) async -> TagWaiters.Wake
    ) async throws -> CommitID? {
        wasHeld = true
        let deadline = ContinuousClock.now + min(.seconds(wait), request.tokenLife ?? .seconds(wait))
        return try await afterwards {
            do {
                if watchesConnection {
                    try await request.request.body.consumeWithCancellationOnInboundClose { _ in
                        try await Self.wait(request, until: deadline, change)
                    }
                } else {
                    try await Self.wait(request, until: deadline, change)
                }
            } catch is CancellationError {
                // The client has disconnected: nobody receives the answer, and it is no error.
                return nil
            }
            return try await request.authenticateAgain()?.position.commit
        }
    }

    private static func wait(
        _ request: APIRequest, until deadline: ContinuousClock.Instant,
        _ change: @escaping @Sendable (Int) async -> TagWaiters.Wake
    ) async throws {
        var tokens = request.look?.position.tokenGeneration ?? 0
        while await firstWake(until: deadline, { [tokens] in await change(tokens) }) == .tokens {
            tokens = try await request.authenticateAgain()?.position.tokenGeneration ?? tokens
        }
    }

    /// Runs what may fail once the answer was held: the problem says that the connection ends, as the answer does.
    func afterwards<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch  where endsConnection {
            throw EndingConnection(cause: error)
        }
    }

    /// An error on a connection that was watched, and cannot be used again.
    struct EndingConnection: Error {
        let cause: any Error
    }

    /// Waits for the change, or for the end of the time or of ADMIN, whichever comes first. Returns `.change` for the
    /// latter, too.
    private static func firstWake(
        until deadline: ContinuousClock.Instant, _ change: @escaping @Sendable () async -> TagWaiters.Wake
    ) async -> TagWaiters.Wake {
        await withTaskGroup(of: TagWaiters.Wake.self) { group in
            group.addTask { await change() }
            group.addTask {
                try? await Task.sleep(until: deadline)
                return .change
            }
            group.addTask {
                try? await gracefulShutdown()
                return .change
            }
            let first = await group.next()
            group.cancelAll()
            return Task.isCancelled ? .change : first ?? .change
        }
    }

    /// 304, or the content with its headers.
    func answer(
        status: HTTPResponse.Status = .ok, tag: String, caching: String = "no-cache", headers content: HTTPFields,
        body: () throws -> ResponseBody
    ) rethrows -> Response {
        // Each representation has an ETag of its own, and Accept says which is answered.
        var headers: HTTPFields = [.eTag: tag, .cacheControl: caching, .vary: APIHeader.accept]
        headers[.preferenceApplied] = wait.map { "wait=\($0)" }
        // A connection that was watched cannot be used again.
        if endsConnection { headers[.connection] = "close" }
        guard condition?.matchesWeakly(tag) != true else { return Response(status: .notModified, headers: headers) }
        for field in content { headers[field.name] = field.value }
        return Response(status: status, headers: headers, body: try body())
    }
}

extension Route.Parameter {
    /// The `Prefer` parameter of a route that holds its answer.
    /// - Parameter more: what the route holds it for besides.
    static func prefer(_ what: String, _ more: String = "") -> Self {
        Self(
            name: APIHeader.prefer,
            summary: "wait=N: hold the answer until \(what) differs, at most N (\(PreferField.longestWait)) seconds"
                + more,
            schema: ["type": "string"])
    }

    static let preferenceApplied = Self(
        name: APIHeader.preferenceApplied, summary: "wait=N (RFC 7240)", schema: ["type": "string"])
}

extension HTTPField.Name {
    static let prefer = Self(APIHeader.prefer)!
    static let preferenceApplied = Self(APIHeader.preferenceApplied)!
}
