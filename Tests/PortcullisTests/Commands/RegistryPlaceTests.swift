import Admin
import Foundation
import Registry
import ServiceSupport
import Testing

@testable import portcullis_admin

@Suite("Where the registry is") struct RegistryPlaceTests {
    @Test("a registry at the former default is not passed over for an empty one")
    func former() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (former, standard) = (
            folder.appending(path: "former.sqlite").path, folder.appending(path: "new/r.sqlite").path
        )
        try Registry.makeFolder(of: standard, standard: standard, former: former)
        _ = try Registry(path: former)
        let error = #expect(throws: SettingsError.self) {
            try Registry.makeFolder(of: standard, standard: standard, former: former)
        }
        #expect(error?.message.contains("move \(former)") == true)
        try Registry.makeFolder(of: former, standard: standard, former: former)
        _ = try Registry(path: standard)
        try Registry.makeFolder(of: standard, standard: standard, former: former)
    }

    @Test("a registry is a regular file: anything else, there or beside it, is refused and named")
    func kinds() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "registry.sqlite").path
        func refuses(_ file: String, _ kind: String) {
            #expect { try Registry.openOrMake(path) } throws: {
                "\($0)" == "the database \(file): is a \(kind), not a regular file"
            }
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        refuses(path, "directory")
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        refuses(path, "FIFO")
        #expect(rename(path, path + "-wal") == 0)
        refuses(path + "-wal", "FIFO")
    }

    @Test("an empty file is no registry, and one with a second name is not opened")
    func emptyAndLinked() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "registry.sqlite").path
        #expect(try Registry.isNew(path))
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        for open in [Registry.open, Registry.openOrMake] {
            #expect { try open(path) } throws: { "\($0)".contains("is an empty file, not a registry") }
        }
        try FileManager.default.removeItem(atPath: path)
        try Registry.openOrMake(path).close()
        #expect(try !Registry.isNew(path))
        #expect(!FileManager.default.fileExists(atPath: path + ".making"))
        try FileManager.default.linkItem(atPath: path, toPath: path + ".copy")
        #expect { try Registry.open(path) } throws: { "\($0)".contains("has 2 names (hard links)") }
    }

    @Test("a registry whose making was cut short is made by the next start")
    func cutShort() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "registry.sqlite").path
        for file in [path, path + ".making"] { #expect(FileManager.default.createFile(atPath: file, contents: nil)) }
        #expect(try Registry.isNew(path))
        let registry = try Registry.openOrMake(path)
        // No longer empty, before it is closed.
        #expect(try !Registry.isNew(path))
        try registry.close()
        #expect(!FileManager.default.fileExists(atPath: path + ".making"))
    }
}
