import Foundation
import TestSupport
import Testing
import Text

@testable import NodeAgent

@Suite("A log as a queue") struct LogSpoolTests {
    /// A log in a folder, as a master writes it, and what was sent of it.
    private final class Log {
        let files: ServiceLogFiles
        var spool = LogSpool(service: "pgw.1", entry: nil)
        let kept: Int

        init(_ folder: URL, isMasters: Bool = true, kept: Int = 2) {
            files = ServiceLogFiles(path: folder.appending(path: "log").path, isMasters: isMasters)
            self.kept = kept
        }

        func append(_ text: String) throws {
            if !FileManager.default.fileExists(atPath: files.path) { try Data().write(to: URL(filePath: files.path)) }
            let file = try FileHandle(forWritingTo: URL(filePath: files.path))
            try file.seekToEnd()
            try file.write(contentsOf: Data(text.utf8))
            try file.close()
        }

        func rotate() throws {
            let manager = FileManager.default
            try? manager.removeItem(atPath: "\(files.path).\(kept)")
            for number in stride(from: kept - 1, through: 1, by: -1) {
                try? manager.moveItem(atPath: "\(files.path).\(number)", toPath: "\(files.path).\(number + 1)")
            }
            try manager.moveItem(atPath: files.path, toPath: "\(files.path).1")
            try Data().write(to: URL(filePath: files.path))
        }

        func look() throws -> Int? { try spool.look(OpenedLog(files, kept: kept)) }

        /// What is sent until nothing is left.
        func send() throws -> [String] {
            var texts: [String] = []
            _ = try look()
            while let batch = try spool.batch(OpenedLog(files, kept: kept), host: "h", time: "-", limit: 1 << 16) {
                texts += String(decoding: batch.messages, as: UTF8.self).split(separator: "- - - ").dropFirst()
                    .map { String($0.prefix { $0 != " " }) }
                spool.take(batch)
                _ = try look()
            }
            // Without the length of the next message.
            return texts.map { text in
                var text = text
                while let last = text.last, last.isNumber { text.removeLast() }
                return text
            }
        }

        /// As a node that was restarted.
        func restart() throws {
            var positions = SpoolPositions()
            positions.entries["pgw.1"] = spool.entry
            spool = LogSpool(service: "pgw.1", entry: SpoolPositions(reading: positions.bytes).entries["pgw.1"])
        }
    }

    @Test("whole lines are sent once, over rotations and restarts")
    func lines() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder)
            try log.append("a.\nb.\nhal")
            #expect(try log.send() == ["a.", "b."])
            #expect(!log.spool.isBehind(log.files))
            try log.append("f.\nc.\n")
            #expect(log.spool.isBehind(log.files))
            #expect(try log.send() == ["half.", "c."])
            try log.append("d.\nunended.")
            try log.rotate()
            try log.append("e.\n")
            try log.restart()
            #expect(try log.send() == ["d.", "unended.", "e."])
            try log.rotate()
            try log.append("f.\n")
            try log.rotate()
            try log.append("g.\n")
            #expect(try log.send() == ["f.", "g."])
            #expect(log.spool.dropped == nil)
        }
    }

    @Test("what was removed is counted, and told first")
    func dropped() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder)
            try log.append("a.\n")
            #expect(try log.send() == ["a."])
            try log.append("b.\n")
            #expect(try log.look() == nil)
            for text in ["c.\n", "d.\n", "e.\n"] {
                try log.rotate()
                try log.append(text)
            }
            #expect(try log.look() == 3)
            #expect(log.spool.dropped == 3)
            try log.restart()
            #expect(log.spool.dropped == 3)
            #expect(try log.send() == ["portcullis-node:", "c.", "d.", "e."])
            #expect(log.spool.dropped == nil)
        }
    }

    @Test("a log that was emptied goes on at its beginning, and older files are not sent again")
    func emptied() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder)
            try log.append("a.\n")
            try log.rotate()
            try log.append("b.\nc.\n")
            #expect(try log.send() == ["a.", "b.", "c."])
            let file = try FileHandle(forWritingTo: URL(filePath: log.files.path))
            try file.truncate(atOffset: 0)
            try file.close()
            try log.append("d.\n")
            #expect(try log.send() == ["d."])
        }
    }

    @Test("a log that is copied and emptied goes on in the copy")
    func copied() async throws {
        try await withTemporaryFolder { folder in
            let log = Log(folder, isMasters: false)
            let process = ServiceProcess(directory: folder.path, log: log.files.path)
            try log.append("a.\nb.\n")
            #expect(try log.send() == ["a.", "b."])
            try log.append("c.\n")
            try process.rotateLog(limit: 0, kept: 2)
            try log.append("d.\n")
            #expect(try log.send() == ["c.", "d."])
        }
    }
}
