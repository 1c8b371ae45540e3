import AdminAPI
import Foundation
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Reading a service's log") struct LogReaderTests {
    /// A log in a folder, as the agent rotates it.
    private struct Log {
        let path: String
        let process: ServiceProcess
        /// The log as it is now.
        var reader: LogReader {
            get throws { try LogReader(ServiceLogFiles(path: path, isMasters: false), kept: 3) }
        }

        init(_ folder: URL) {
            path = folder.appending(path: "pgw.1.log").path
            process = ServiceProcess(directory: folder.path, log: path)
        }

        func append(_ bytes: some Sequence<UInt8>) throws {
            if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(filePath: path)) }
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data(bytes))
            try file.close()
        }

        func rotate() throws { try process.rotateLog(limit: 0, kept: 3) }

        /// Reads until the end, as a node does.
        func read(_ after: inout LogPosition?, lines: Int = 10, limit: Int = 1_024) throws -> (text: String, [LogBreak])
        {
            var (text, breaks) = ("", [LogBreak]())
            while true {
                let reading = try reader.read(
                    LogWish(stream: "a.1", service: "pgw.1", lines: lines, after: after), limit: limit)
                text += reading.text
                breaks += reading.change.map { [$0] } ?? []
                after = reading.position
                if reading.isAtEnd { return (text, breaks) }
            }
        }
    }

    @Test("the last lines come first, then what follows, across rotations and without repeating anything")
    func following() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder)
            var place: LogPosition?
            #expect(try log.read(&place) == ("", []))
            #expect(place == LogPosition.none)
            place = nil
            try log.append("a\nb\nc\n".utf8)
            #expect(try log.read(&place, lines: 2) == ("b\nc\n", []))
            #expect(try log.read(&place) == ("", []))
            try log.append("d".utf8)
            #expect(try log.read(&place) == ("d", []))
            try log.append("e\n".utf8)
            try log.rotate()
            try log.append("f\n".utf8)
            #expect(try log.read(&place) == ("e\nf\n", [.rotated]))
            // Two rotations between two looks.
            try log.append("g\n".utf8)
            try log.rotate()
            try log.append("h\n".utf8)
            try log.rotate()
            try log.append("i\n".utf8)
            #expect(try log.read(&place) == ("g\nh\ni\n", [.rotated, .rotated]))
            // The last lines may be in the file before.
            var other: LogPosition?
            #expect(try log.read(&other, lines: 2) == ("h\ni\n", [.rotated]))
            #expect(other == place)
            other = nil
            #expect(try log.read(&other, lines: 0) == ("", []))
            #expect(other == place)
        }
    }

    @Test("a log that is emptied is told, and read from its beginning")
    func truncated() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder)
            var place: LogPosition?
            try log.append("a\nb\n".utf8)
            _ = try log.read(&place)
            try FileHandle(forWritingTo: URL(filePath: log.path)).truncate(atOffset: 0)
            #expect(try log.read(&place) == ("", [.truncated]))
            try log.append("c\nd\ne\n".utf8)
            #expect(try log.read(&place) == ("c\nd\ne\n", []))
        }
    }

    @Test("what is no UTF-8 is replaced, and a character is never cut")
    func text() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder)
            var place: LogPosition?
            let text = String(repeating: "äöü€😀x", count: 500) + "\n"
            try log.append(text.utf8)
            #expect(try log.read(&place, limit: 100).text == text)
            try log.append([0xFF, 0xFE, 0x61, 0xE2, 0x82])
            #expect(try log.read(&place).text == "\u{FFFD}\u{FFFD}a")
            try log.append([0xAC])
            #expect(try log.read(&place).text == "€")
            // All of it is replaced: it becomes three times as long.
            try log.append([UInt8](repeating: 0xFF, count: 5_000) + [0x0A])
            #expect(try log.read(&place).text == String(repeating: "\u{FFFD}", count: 5_000) + "\n")
        }
    }

    @Test("a log that is far ahead is not sent as a whole: lines are left out, and counted")
    func farBehind() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder)
            var place: LogPosition?
            try log.append("a\n".utf8)
            _ = try log.read(&place)
            let lines = (0..<200_000).map { "line \($0)\n" }
            try log.append(lines.joined().utf8)
            let reading = try log.reader.read(
                LogWish(stream: "a.1", service: "pgw.1", lines: 0, after: place), limit: 1_024)
            #expect(reading.lost > 100_000 && !reading.isAtEnd && reading.text.utf8.count == 1_024)
            place = reading.position
            let rest = try log.read(&place, limit: 1 << 16).text
            #expect(reading.text + rest == lines[reading.lost...].joined())
        }
    }

    @Test("the beginning is a line, however long the lines are that are wanted")
    func longLines() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder)
            var place: LogPosition?
            let line = String(repeating: "x", count: 100_000) + "\n"
            for _ in 0..<5 { try log.append(line.utf8) }
            #expect(try log.read(&place, lines: 5, limit: Limits.logPiece).text == line + line)
        }
    }
}
