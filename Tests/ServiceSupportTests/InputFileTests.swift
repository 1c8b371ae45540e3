import Foundation
import ServiceSupport
import SystemPackage
import Testing

@Suite struct InputFileTests {
    /// A folder of its own, gone afterwards.
    private func inFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/portcullis-XXXXXX".utf8CString)
        let path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
        defer {
            for name in ["file", "link", "fifo", "socket"] { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        try body(path)
    }

    private func write(_ text: String, to path: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(text.utf8) }
    }

    @Test("a regular file is read, by a link as well, up to the limit")
    func readsFiles() throws {
        try inFolder { folder in
            try write("content", to: "\(folder)/file")
            symlink("file", "\(folder)/link")
            for name in ["file", "link"] {
                let bytes = try InputFile.read("\(folder)/\(name)", limit: 7)
                #expect(bytes == Array("content".utf8))
            }
            #expect(throws: InputFileError.tooLarge(6)) { try InputFile.read("\(folder)/file", limit: 6) }
            #expect(throws: InputFileError.system(.noSuchFileOrDirectory)) {
                try InputFile.read("\(folder)/none", limit: 6)
            }
        }
    }

    @Test("what is no file is refused at once, and named: a FIFO that nobody writes to, a device without end, a socket")
    func refusesOthers() throws {
        try inFolder { folder in
            mkfifo("\(folder)/fifo", 0o600)
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listener) }
            try bind(listener, to: "\(folder)/socket")
            let kinds: [(String, FileKind)] = [
                ("\(folder)/fifo", .fifo), (folder, .directory), ("/dev/zero", .characterDevice),
                ("\(folder)/socket", .socket),
            ]
            for (path, kind) in kinds {
                #expect(throws: InputFileError.kind(kind)) { try InputFile.read(path, limit: 100) }
                #expect(throws: InputFileError.kind(kind)) { try InputFile.open(path) }
            }
            #expect(InputFileError.kind(.fifo).reason == "is a FIFO, not a regular file")
        }
    }

    @Test("a command takes a pipe that somebody writes to, and a device, up to the limit; no folder, no idle FIFO")
    func readsStreams() throws {
        try inFolder { folder in
            let pipe = try FileDescriptor.pipe()
            defer { try? pipe.readEnd.close() }
            try pipe.writeEnd.writeAll("content".utf8)
            try pipe.writeEnd.close()
            let bytes = try InputFile.read("/dev/fd/\(pipe.readEnd.rawValue)", limit: 100, from: .stream)
            #expect(bytes == Array("content".utf8))

            let nothing = try InputFile.read("/dev/null", limit: 100, from: .stream)
            #expect(nothing.isEmpty)
            #expect(throws: InputFileError.tooLarge(1 << 20)) {
                try InputFile.read("/dev/zero", limit: 1 << 20, from: .stream)
            }
            #expect(throws: InputFileError.kind(.directory)) { try InputFile.read(folder, limit: 9, from: .stream) }
            mkfifo("\(folder)/fifo", 0o600)
            #expect(throws: InputFileError.unwritten) {
                try InputFile.read("\(folder)/fifo", limit: 100, from: .stream)
            }
        }
    }

    @Test("a pipe is read to its end, however slowly it is written to")
    func waitsForWriter() throws {
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close() }
        let writer = Thread {
            for word in ["one", " ", "two"] {
                usleep(20_000)
                _ = try? pipe.writeEnd.writeAll(word.utf8)
            }
            try? pipe.writeEnd.close()
        }
        writer.start()
        let bytes = try InputFile.read("/dev/fd/\(pipe.readEnd.rawValue)", limit: 100, from: .stream)
        #expect(bytes == Array("one two".utf8))
    }

    private func bind(_ socket: Int32, to path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }
}
