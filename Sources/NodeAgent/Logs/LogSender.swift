import AdminAPI
import Logging
import ServiceSupport

/// Sends ADMIN the logs that it asks for, at most once a second, until it wants none.
actor LogSender {
    private let source: AdminSource
    private let logger: Logger
    private let read: @Sendable (LogWish, Int) async -> LogReading
    private let changes = Changes()
    /// What tells the newest wishes from others, as ADMIN said in its answer to a poll.
    private(set) var known = "0"
    /// The same, of the wishes that were asked for.
    private var asked = "0"

    /// Seconds after which ADMIN is asked whether it still wants the logs, where there is nothing to send.
    private static let silence = Duration.seconds(4)

    /// - Parameter read: reads what a wish wants, so many bytes of text at most.
    init(_ source: AdminSource, logger: Logger, read: @escaping @Sendable (LogWish, Int) async -> LogReading) {
        self.source = source
        self.logger = logger
        self.read = read
    }

    /// Notes what ADMIN's answer to a poll says of logs.
    func want(_ tag: String) {
        guard tag != known else { return }
        known = tag
        changes.note()
    }

    /// Works until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await changes.wait(atMost: .seconds(3_600))
            if !Task.isCancelled, asked != known { await send() }
        }
    }

    /// Asks what is wanted, and sends it until nothing is.
    private func send() async {
        var wishes: [LogWish] = []
        // Streams of which ADMIN knows that they have begun.
        var begun: Set<String> = []
        var sentAt: ContinuousClock.Instant?
        var pause = Duration.seconds(1)
        var trouble: String?
        while !Task.isCancelled {
            let pieces = await self.pieces(wishes, begun)
            let isDue = sentAt.map { .now - $0 >= Self.silence } ?? true
            guard !pieces.isEmpty || isDue || asked != known else {
                await changes.wait(atMost: pause)
                continue
            }
            let tag = known
            do {
                guard let wanted = try await source.deliver(LogDelivery(pieces: pieces)) else { return asked = tag }
                (asked, sentAt, pause, trouble) = (tag, .now, .seconds(1), nil)
                begun.formUnion(pieces.map(\.stream))
                let isNews = wanted.wishes.contains { !begun.contains($0.stream) }
                wishes = wanted.wishes
                if wishes.isEmpty { return }
                // What was just asked for is sent at once.
                if isNews, pieces.isEmpty { continue }
            } catch is CancellationError {
                return
            } catch {
                if trouble != "\(error)" { logger.warning("no logs: \(error)", metadata: ["event": "logs-failed"]) }
                trouble = "\(error)"
                pause = min(pause * 2, .seconds(30))
            }
            try? await Task.sleep(for: pause)
        }
    }

    /// What is new of the logs.
    private func pieces(_ wishes: [LogWish], _ begun: Set<String>) async -> [LogPiece] {
        let limit = max(1_024, min(Limits.logPiece, Limits.logPieces / max(wishes.count, 1)))
        var pieces: [LogPiece] = []
        for wish in wishes.prefix(Limits.followedLogs) {
            let reading = await read(wish, limit)
            guard reading.position != wish.after || !begun.contains(wish.stream) else { continue }
            pieces.append(
                LogPiece(
                    stream: wish.stream, after: wish.after, position: reading.position, change: reading.change,
                    lost: reading.lost, text: reading.text, isAtEnd: reading.isAtEnd))
        }
        return pieces
    }
}
