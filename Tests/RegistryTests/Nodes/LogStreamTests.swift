import AdminAPI
import Testing

@testable import Registry

@Suite("What is kept of a log that is followed") struct LogStreamTests {
    private static let file = "1.2.3"

    /// The piece that follows what a stream has.
    private func piece(
        _ stream: LogStream, _ text: String, change: LogBreak? = nil, lost: Int = 0, isAtEnd: Bool = true
    ) -> LogPiece {
        let after = stream.position
        return LogPiece(
            stream: stream.id, after: after,
            position: LogPosition(file: Self.file, offset: (after?.offset ?? 0) + text.utf8.count + lost),
            change: change,
            lost: lost, text: text, isAtEnd: isAtEnd)
    }

    private func stream(_ texts: String..., limit: Int = 1 << 20) -> LogStream {
        var stream = LogStream(id: "a.1", service: "pgw.1", server: "app1", lines: 20, limit: limit)
        for text in texts { stream.take(piece(stream, text)) }
        return stream
    }

    private func text(_ parts: [ServiceLog.Part]) -> String { parts.map(\.text).joined() }

    @Test("readers get what follows their place, once")
    func reading() {
        var stream = stream("a\nb\n")
        let first = stream.read(after: LogCursor(stream: "a.1", server: "app1"))
        #expect(text(first.parts) == "a\nb\n" && first.parts.map(\.lost) == [0])
        #expect(stream.read(after: first.next).parts.isEmpty)
        stream.take(piece(stream, "c"))
        stream.take(piece(stream, "d\n"))
        #expect(text(stream.read(after: first.next).parts) == "cd\n")
        #expect(LogCursor(first.next.text) == first.next)
    }

    @Test("a piece that came before, or does not follow, is not taken")
    func again() {
        var stream = stream("a\n")
        var piece = piece(stream, "b\n")
        let isTaken = stream.take(piece)
        let version = stream.version
        let isTakenAgain = stream.take(piece)
        piece.after = nil
        let isTakenAnywhere = stream.take(piece)
        #expect(isTaken && !isTakenAgain && !isTakenAnywhere && stream.version == version)
        #expect(text(stream.read(after: LogCursor(stream: "a.1", server: "app1")).parts) == "a\nb\n")
    }

    @Test("a reader that is too slow is told how many lines it has lost, and begins with a whole line")
    func slow() {
        var stream = stream(limit: 64 << 10)
        let start = stream.read(after: LogCursor(stream: "a.1", server: "app1")).next
        var sent: [String] = []
        for number in 0..<20_000 {
            let line = "line \(number)\n"
            sent.append(line)
            // Pieces end within lines.
            let half = line.utf8.count / 2
            stream.take(piece(stream, String(line.prefix(half))))
            stream.take(piece(stream, String(line.dropFirst(half))))
        }
        let (parts, next) = stream.read(after: start)
        let kept = text(parts)
        #expect(kept.utf8.count <= 64 << 10 && kept.utf8.count > 32 << 10)
        #expect(parts[0].lost == 20_000 - kept.split(separator: "\n").count)
        #expect(kept == sent.suffix(20_000 - parts[0].lost).joined())
        #expect(parts.dropFirst().allSatisfy { $0.lost == 0 } && stream.read(after: next).parts.isEmpty)
    }

    @Test("what happened to the log, and lines that the node has left out, are told once, with the text after them")
    func breaks() {
        var stream = stream("a\n")
        let here = stream.read(after: LogCursor(stream: "a.1", server: "app1")).next
        stream.take(piece(stream, "", change: .truncated))
        #expect(stream.read(after: here).parts.isEmpty)
        stream.take(piece(stream, "b\n", lost: 7))
        let (parts, next) = stream.read(after: here)
        #expect(parts == [.init(change: .truncated, lost: 7, text: "b\n")])
        stream.take(piece(stream, "c\n"))
        #expect(stream.read(after: next).parts == [.init(lost: 0, text: "c\n")])
        #expect(stream.read(after: here).parts == [.init(change: .truncated, lost: 7, text: "b\nc\n")])
    }

    @Test("another reader gets its last lines from what is here, if that suffices")
    func sharing() {
        var stream = LogStream(id: "a.1", service: "pgw.1", server: "app1", lines: 3)
        #expect(stream.serves(lines: 3) && !stream.serves(lines: 2))
        stream.take(piece(stream, "a\nb\n", isAtEnd: false))
        #expect(!stream.serves(lines: 1))
        stream.take(piece(stream, "c\n"))
        #expect(stream.serves(lines: 2) && stream.serves(lines: 3) && !stream.serves(lines: 4))
        #expect(text(stream.read(after: stream.cursor(lines: 2)).parts) == "b\nc\n")
        #expect(stream.read(after: stream.cursor(lines: 0)).parts.isEmpty)
        #expect(stream.lastLines(1) == "c\n")
        // One that goes on where another ended has not the lines before.
        let next = LogStream(
            id: "a.2", service: "pgw.1", server: "app1", lines: 3, after: LogPosition(file: "1.2.3", offset: 6))
        #expect(!next.serves(lines: 3))
    }

    @Test(
        "a cursor that no ADMIN has made is refused",
        arguments: [
            "", "a", "a.1~app1~0", "a.1~app1~0~0~", "a.1~app1~-1~0", "a.1~app1~00~0", "A~app1~0~0", "a.1~App1~0~0",
            "a.1~app1~0~0~1~x/y", "a.1~app1~0~0~x~1.2.3", "a.1~app1~99999999999999999999~0", "a.1~app1~0~0~1~1~1",
        ])
    func cursors(_ text: String) {
        #expect(LogCursor(text) == nil)
    }
}
