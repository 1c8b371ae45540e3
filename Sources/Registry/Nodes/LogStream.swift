package import AdminAPI
import Text

/// The log of a service as its node sends it: its end, for readers who are at different places in it.
///
/// Of the text the last `Limits.followedLog` bytes are kept. A reader who comes later is told how many lines were lost.
package struct LogStream: Sendable {
    /// Text without a break, of several pieces; never empty.
    private struct Run {
        var change: LogBreak?
        var lost: Int
        /// Where it begins in the stream.
        var offset: Int
        var text: [UInt8]
    }

    /// Bytes after which a run is begun anew, so that the oldest goes by small portions.
    private static let run = 16 << 10

    package let id: String
    package let service: String
    package let server: String
    /// How many of the last lines it began with.
    package let lines: Int
    /// Whether it began with the last lines, not at a place where an earlier one ended.
    private let isOfLastLines: Bool
    private let limit: Int
    private var runs: [Run] = []
    /// Bytes and lines before the first run, and before the end. Lost lines count.
    private var start = (offset: 0, lines: 0)
    private var end = (offset: 0, lines: 0)
    /// What happened since the last text.
    private var pending: (change: LogBreak?, lost: Int) = (nil, 0)
    /// Where the node is; `nil`: it has sent nothing.
    package private(set) var position: LogPosition?
    /// Whether the node has answered.
    package private(set) var hasBegun = false
    /// Whether the end of the log was reached once.
    package private(set) var hasReachedEnd = false
    /// Tells states of the stream apart.
    package private(set) var version = 0

    /// - Parameters:
    ///   - position: where an earlier stream of the log ended; `nil`: it begins with the last lines.
    ///   - limit: bytes that are kept.
    package init(
        id: String, service: String, server: String, lines: Int, after position: LogPosition? = nil,
        limit: Int = Limits.followedLog
    ) {
        self.id = id
        self.service = service
        self.server = server
        self.lines = lines
        self.position = position
        self.limit = limit
        isOfLastLines = position == nil
    }

    /// What the node is asked for.
    package var wish: LogWish { LogWish(stream: id, service: service, lines: lines, after: position) }

    // MARK: Pieces

    /// Takes a piece if it follows what is here: one that came twice is not taken. Cost: that of the piece.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    package mutating func take(_ piece: LogPiece) -> Bool {
        guard piece.after == position else { return false }
        let isNews = !hasBegun || piece.isAtEnd && !hasReachedEnd || piece.position != position
        hasBegun = true
        position = piece.position
        if piece.isAtEnd { hasReachedEnd = true }
        append(piece)
        if isNews || !piece.text.utf8.isEmpty { version += 1 }
        return true
    }

    private mutating func append(_ piece: LogPiece) {
        let text = Array(piece.text.utf8)
        pending.change = piece.change ?? pending.change
        pending.lost += piece.lost
        end.lines += piece.lost + Self.lineEnds(text)
        guard !text.isEmpty else { return }
        if pending == (nil, 0), let last = runs.indices.last, runs[last].text.count < Self.run {
            runs[last].text += text
        } else {
            runs.append(Run(change: pending.change, lost: pending.lost, offset: end.offset, text: text))
            pending = (nil, 0)
        }
        end.offset += text.count
        while end.offset - start.offset > limit, runs.count > 1 { dropFirst() }
    }

    /// Drops the first run, and of the next one what belongs to its last line.
    private mutating func dropFirst() {
        let first = runs.removeFirst()
        start.lines += first.lost + Self.lineEnds(first.text)
        start.offset = first.offset + first.text.count
        guard first.text.last != Self.lineEnd, runs[0].lost == 0, runs[0].change == nil,
            let lineEnd = runs[0].text.firstIndex(of: Self.lineEnd), lineEnd + 1 < runs[0].text.count
        else { return }
        runs[0].text.removeFirst(lineEnd + 1)
        runs[0].offset += lineEnd + 1
        start = (runs[0].offset, start.lines + 1)
    }

    // MARK: Readers

    /// Whether it has what a reader wants who begins with the last lines. Cost: linear in what is kept.
    package func serves(lines: Int) -> Bool {
        isOfLastLines && start.offset == 0 && lines == self.lines
            || hasReachedEnd && runs.reduce(0) { $0 + Self.lineEnds($1.text) } >= lines
    }

    /// The beginning for a reader who begins with the last lines. Cost: linear in what is kept.
    package func cursor(lines: Int) -> LogCursor {
        guard hasReachedEnd else { return cursor(at: (0, 0)) }
        let text = runs.flatMap(\.text)
        let first = text.startOfLastLines(lines)
        return cursor(at: (end.offset - text.count + first, end.lines - Self.lineEnds(text[first...])))
    }

    /// The last lines. Cost: linear in what is kept.
    package func lastLines(_ count: Int) -> String {
        let text = runs.flatMap(\.text)
        return String(decoding: text[text.startOfLastLines(count)...], as: UTF8.self)
    }

    private func cursor(at place: (offset: Int, lines: Int)) -> LogCursor {
        LogCursor(stream: id, server: server, offset: place.offset, lines: place.lines, position: position)
    }

    /// What follows a cursor of this stream, and the cursor after it. Cost: linear in what follows.
    package func read(after cursor: LogCursor) -> (parts: [ServiceLog.Part], next: LogCursor) {
        var missing = cursor.offset < start.offset ? max(0, start.lines - cursor.lines) : 0
        var parts: [ServiceLog.Part] = []
        for run in runs where run.offset + run.text.count > cursor.offset {
            let known = max(0, cursor.offset - run.offset)
            parts.append(
                ServiceLog.Part(
                    change: known == 0 ? run.change : nil, lost: missing + (known == 0 ? run.lost : 0),
                    text: String(decoding: run.text.dropFirst(known), as: UTF8.self)))
            missing = 0
        }
        return (parts, self.cursor(at: end))
    }

    private static let lineEnd = UInt8(ascii: "\n")

    private static func lineEnds(_ bytes: some Sequence<UInt8>) -> Int { bytes.count { $0 == lineEnd } }
}
