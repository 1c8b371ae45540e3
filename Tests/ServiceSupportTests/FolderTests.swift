import Foundation
import ServiceSupport
import Testing

@Suite struct FolderTests {
    private let base = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)").path

    @Test("a folder is made with those above it; one that is there stays as it is")
    func makes() throws {
        defer { try? FileManager.default.removeItem(atPath: base) }
        try Folder.make("\(base)/a/b/")
        try Data().write(to: URL(filePath: "\(base)/a/b/file"))
        try Folder.make("\(base)/a/b")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(base)/a/b") == ["file"])
    }

    @Test("what stands in the way is named, in words")
    func refuses() throws {
        defer { try? FileManager.default.removeItem(atPath: base) }
        try Folder.make(base)
        try Data().write(to: URL(filePath: "\(base)/file"))
        #expect(throws: FileError(path: "\(base)/file", reason: "is a file, not a folder")) {
            try Folder.make("\(base)/file")
        }
        #expect(throws: FileError(path: "\(base)/file/a", reason: "not a directory")) {
            try Folder.make("\(base)/file/a")
        }
    }

    @Test(
        "the folder a path is in",
        arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/", "a"), ("/", "/"), ("./a", ".")])
    func parents(path: String, parent: String) {
        #expect(Folder.parent(of: path) == parent)
    }
}
