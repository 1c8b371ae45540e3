package import AdminAPI
import Cloud
import Text

/// The logs that somebody reads, and what the nodes of their servers send of them: in memory only.
///
/// A node learns from the answer to its poll that logs are wanted, asks which, and sends them until nobody has read them
/// for `Limits.logRest` seconds.
package actor LogWishes {
    private struct Followed {
        let number: Int
        var stream: LogStream
        var readers = 0
        /// When a reader was last there, by `Registry.uptime`.
        var read: Duration
        /// When the node last asked for its wishes, by `Registry.uptime`.
        var heard: Duration?
    }

    private let registry: Registry
    private let limit: Int
    /// By the name of their stream; at most `limit`.
    private var followed: [String: Followed] = [:]
    /// The number of the newest stream.
    private var counter = 0
    /// By server, the number of its newest wish; only servers of which something is wanted.
    private var newest: [String: Int] = [:]
    /// Tells this ADMIN from an earlier one.
    private let session = String(UInt64.random(in: .min ... .max), radix: 36)
    /// Servers whose node has polled without a word on logs.
    private var unable: Set<String> = []

    /// - Parameter limit: logs that can be followed at a time.
    package init(registry: Registry, limit: Int = Limits.followedLogs) {
        self.registry = registry
        self.limit = limit
    }

    // MARK: Readers

    /// As many logs are followed as can be.
    package struct Full: Error {
        package let limit: Int
    }

    /// Begins to read a log; `end` must follow. Cost: that of looking at all streams.
    ///
    /// - Parameters:
    ///   - lines: how many of the last lines are wanted, where there is no cursor.
    ///   - cursor: where the reader is. If its stream has ended, another one begins at its place.
    /// - Returns: the cursor to read after.
    package func begin(
        _ service: String, on server: String, lines: Int, after cursor: LogCursor?
    ) async throws(Full) -> LogCursor {
        await forgetRested()
        let now = registry.uptime()
        if let cursor, let known = followed[cursor.stream], known.stream.service.isExactly(service) {
            enter(cursor.stream, now)
            return cursor
        }
        if cursor?.position == nil,
            let known = followed.values.first(where: {
                $0.stream.service.isExactly(service) && $0.stream.server.isExactly(server)
                    && $0.stream.serves(lines: lines)
            })
        {
            enter(known.stream.id, now)
            return known.stream.cursor(lines: lines)
        }
        counter += 1
        let number = counter
        let stream = LogStream(
            id: "\(session).\(number)", service: service, server: server, lines: lines, after: cursor?.position)
        // Before anybody can send something.
        await registry.logChanges.set("0", of: stream.id)
        guard followed.count < limit else {
            await registry.logChanges.set(nil, of: stream.id)
            throw Full(limit: limit)
        }
        followed[stream.id] = Followed(number: number, stream: stream, read: now)
        enter(stream.id, now)
        newest[server] = max(newest[server] ?? 0, number)
        await registry.logChanges.set("\(newest[server] ?? number)", of: Self.key(server))
        return LogCursor(stream: stream.id, server: server, position: cursor?.position)
    }

    private func enter(_ stream: String, _ now: Duration) {
        followed[stream]?.readers += 1
        followed[stream]?.read = now
    }

    /// Ends what `begin` began.
    package func end(_ cursor: LogCursor) {
        followed[cursor.stream]?.readers -= 1
        followed[cursor.stream]?.read = registry.uptime()
    }

    /// What there is after a cursor that `begin` returned.
    package struct Reading: Sendable {
        package var parts: [ServiceLog.Part]
        package var next: LogCursor
        /// What can be said, as far as the node polls.
        package var state: ServiceLog.State
        package var isComplete: Bool
        /// Tells this reading from later ones: it grows.
        package var version: Int
    }

    /// Reads after a cursor that `begin` returned.
    package func read(after cursor: LogCursor) -> Reading {
        guard let known = followed[cursor.stream] else {
            return Reading(parts: [], next: cursor, state: .waiting, isComplete: false, version: -1)
        }
        let (parts, next) = known.stream.read(after: cursor)
        return Reading(
            parts: parts, next: next, state: state(of: known), isComplete: known.stream.hasReachedEnd,
            version: known.stream.version)
    }

    private func state(of known: Followed) -> ServiceLog.State {
        if unable.contains(known.stream.server) { return .unable }
        if let heard = known.heard, registry.uptime() - heard > .seconds(Limits.logRest) { return .silent }
        guard known.stream.hasBegun, let position = known.stream.position else { return .waiting }
        return position.file.utf8.isEmpty ? .absent : .present
    }

    /// Returns when there is more than a reading had, when the tokens differ, or when the task is cancelled.
    ///
    /// - Parameter tokens: the generation of the tokens that the reader has seen.
    package func change(after reading: Reading, tokens: Int) async -> TagWaiters.Wake {
        await registry.logChanges.change(of: reading.next.stream, tokens: tokens) {
            Int($0) ?? 0 <= reading.version
        }
    }

    /// The last lines of a service's log, asked of its node: for notices.
    ///
    /// - Parameter limit: how long it waits for the node.
    /// - Returns: the lines; empty where there is no log; `nil`: the node did not answer in time, or there is no such
    ///   service, or too many logs are followed.
    package func tail(of service: String, lines: Int, within limit: Duration) async -> String? {
        guard let server = try? await registry.state().cloud.services[service]?.server,
            let cursor = try? await begin(service, on: server, lines: lines, after: nil)
        else { return nil }
        defer { end(cursor) }
        let deadline = ContinuousClock.now + limit
        while !Task.isCancelled {
            let reading = read(after: cursor)
            guard let stream = followed[cursor.stream]?.stream else { return nil }
            if stream.hasReachedEnd { return stream.lastLines(lines) }
            let isInTime = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    _ = await self.change(after: reading, tokens: .max)
                    return true
                }
                group.addTask {
                    try? await Task.sleep(until: deadline)
                    return false
                }
                let first = await group.next() ?? false
                group.cancelAll()
                return first
            }
            guard isInTime else { return nil }
        }
        return nil
    }

    // MARK: Nodes

    /// Notes a node's poll.
    ///
    /// - Parameter known: the wishes that it knows, as it says; `nil`: it sends no logs.
    package func polled(by server: String, knowing known: String?) async {
        if known == nil { unable.insert(server) } else { unable.remove(server) }
        await forgetRested()
    }

    /// What tells the wishes for a server from others; `nil`: there are none.
    package func wishes(for server: String) -> String? { newest[server].map { "\(session).\($0)" } }

    /// Returns when something is wanted of a server that its node does not know, when the tokens differ, or when the task
    /// is cancelled.
    package func news(for server: String, knowing known: String, tokens: Int) async -> TagWaiters.Wake {
        let parts = known.splitBytes(".")
        let number = parts.count == 2 && parts[0].isExactly(session) ? Int(parts[1]) ?? -1 : -1
        return await registry.logChanges.change(of: Self.key(server), tokens: tokens, knowingAbsence: true) {
            Int($0) ?? 0 <= number
        }
    }

    /// Takes what a node sends, and tells what is wanted now. What is not wanted, or came before, is not taken.
    package func take(_ delivery: LogDelivery, from server: String) async -> WantedLogs {
        for piece in delivery.pieces {
            guard followed[piece.stream]?.stream.server.isExactly(server) == true,
                followed[piece.stream]?.stream.take(piece) == true, let known = followed[piece.stream]
            else { continue }
            await registry.logChanges.set("\(known.stream.version)", of: piece.stream)
        }
        await forgetRested()
        unable.remove(server)
        let wanted = followed.values.filter { $0.stream.server.isExactly(server) }.sorted { $0.number < $1.number }
        for known in wanted { followed[known.stream.id]?.heard = registry.uptime() }
        return WantedLogs(wishes: wanted.map(\.stream.wish))
    }

    /// Forgets what nobody has read for a while.
    private func forgetRested() async {
        let now = registry.uptime()
        let rested = followed.values.filter { $0.readers == 0 && now - $0.read > .seconds(Limits.logRest) }.map(
            \.stream)
        for stream in rested { followed[stream.id] = nil }
        for server in Set(rested.map(\.server)) where !followed.values.contains(where: { $0.stream.server == server }) {
            newest[server] = nil
        }
        for stream in rested {
            await registry.logChanges.set(nil, of: stream.id)
            await registry.logChanges.set(newest[stream.server].map { "\($0)" }, of: Self.key(stream.server))
        }
    }

    private static func key(_ server: String) -> String { "server \(server)" }
}
