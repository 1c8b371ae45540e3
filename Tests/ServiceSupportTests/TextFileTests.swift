import Foundation
import ServiceSupport
import Testing

@Suite struct TextFileTests {
    private func withFile(_ bytes: some Sequence<UInt8>, _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }

    @Test("a text is read, one without a byte too")
    func reads() throws {
        let text = String(repeating: "größe\n", count: 50_000)
        for text in [text, ""] {
            try withFile(text.utf8) { path in
                let read = try TextFile.read(path)
                #expect(read == text)
            }
        }
    }

    @Test("what is written is what is read, in place of what was there; where it cannot be is told")
    func writes() throws {
        try withFile("before, and longer".utf8) { path in
            try TextFile.write("after", to: path)
            let text = try TextFile.read(path)
            #expect(text == "after")
            #expect(throws: FileError(path: "\(path)/a", reason: "not a directory")) {
                try TextFile.write("", to: "\(path)/a")
            }
        }
        #expect(throws: FileError(path: "/dev/full", reason: "no space left on device")) {
            try TextFile.write("text", to: "/dev/full")
        }
    }

    @Test("what cannot be read is named with the reason, in words")
    func refuses() throws {
        #expect(throws: FileError(path: "/nowhere/file", reason: "no such file")) { try TextFile.read("/nowhere/file") }
        #expect(throws: FileError(path: "/", reason: "is a directory, not a regular file")) { try TextFile.read("/") }
        try withFile([0x61, 0xFF]) { path in
            let error = #expect(throws: FileError.self) { try TextFile.read(path) }
            #expect(error?.description == "\(path): the file is not UTF-8 text (line 1)")
        }
        try withFile(repeatElement(0x20, count: TextFile.maximumSize + 1)) { path in
            let error = #expect(throws: FileError.self) { try TextFile.read(path) }
            #expect(error?.reason == "is larger than 16 MiB")
        }
    }
}
