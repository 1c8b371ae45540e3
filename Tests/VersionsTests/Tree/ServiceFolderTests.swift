import Foundation
import Glibc
import TestSupport
import Testing

@testable import Versions

@Suite struct ServiceFolderTests {
    /// A store with a version of some files, some of them with the same content.
    private struct Setup {
        let store: VersionStore
        let session: StoreSession
        let manifest: Manifest
        let digest: ContentDigest
        let folder: ServiceFolder
        let path: URL

        init(_ folder: URL, name: String = "1", content: String = "") throws {
            store = try folder.store()
            session = try StoreSession(store.blobs)
            var manifest = Manifest(version: VersionName(type: "t", name: name), files: [])
            let files = [
                ("bin/t", "program\(content)", Samples.executable), ("bin/u", "program\(content)", Samples.plain),
                ("lib/a/b/c.so", "library", Samples.plain), ("lib/a/d", "", Samples.plain),
                ("lib/z", "library", Samples.plain),
                ("readme", "text", Samples.plain),
            ]
            for (path, text, mode) in files {
                let blob = try session.add(try folder.write("source", text.utf8))
                manifest.files.append(.init(path: path, mode: mode, blob: blob))
            }
            manifest.links = [.init(path: "lib/c.so", target: "a/b/c.so")]
            digest = try store.add(manifest, session).digest
            self.manifest = manifest
            path = folder.appending(path: "service")
            self.folder = try ServiceFolder(making: path.path)
        }

        var version: URL { path.appending(path: "versions/\(digest)") }

        func make() throws { try folder.make(manifest, digest, session) }
    }

    private static func status(_ url: URL) throws -> stat {
        var status = stat()
        guard lstat(url.path, &status) == 0 else { throw CocoaError(.fileNoSuchFile) }
        return status
    }

    @Test("a version has its files, modes and links; equal contents of one mode are one file")
    func made() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            #expect(try setup.folder.make(setup.manifest, setup.digest, setup.session))
            #expect(
                setup.version.paths == [
                    "bin", "bin/t", "bin/u", "lib", "lib/a", "lib/a/b", "lib/a/b/c.so", "lib/a/d", "lib/c.so", "lib/z",
                    "readme",
                ])
            #expect(try String(contentsOf: setup.version.appending(path: "lib/c.so"), encoding: .utf8) == "library")
            let program = try Self.status(setup.version.appending(path: "bin/t"))
            let copy = try Self.status(setup.version.appending(path: "bin/u"))
            #expect(program.st_mode & 0o7777 == 0o755 && copy.st_mode & 0o7777 == 0o644)
            #expect(program.st_ino != copy.st_ino)
            let library = try Self.status(setup.version.appending(path: "lib/z"))
            #expect(try Self.status(setup.version.appending(path: "lib/a/b/c.so")).st_ino == library.st_ino)
            #expect(try Self.status(setup.version.appending(path: "lib")).st_mode & 0o7777 == 0o755)
            #expect(try setup.folder.check(setup.manifest, setup.digest) == [])
            #expect(try !setup.folder.make(setup.manifest, setup.digest, setup.session))
            #expect(try setup.folder.digests() == [setup.digest])
        }
    }

    @Test("two versions share the files that are the same")
    func shared() async throws {
        try await withTemporaryFolder { folder in
            let first = try Setup(folder)
            try first.make()
            let second = try Setup(folder, name: "2", content: "2")
            try second.make()
            let inode = { (url: URL) in try Self.status(url).st_ino }
            #expect(
                try inode(first.version.appending(path: "readme")) == inode(second.version.appending(path: "readme")))
            #expect(try inode(first.version.appending(path: "bin/t")) != inode(second.version.appending(path: "bin/t")))
        }
    }

    @Test("an object that was altered, and whose blob is gone, is fetched again once it is removed")
    func alteredWithoutItsBlob() async throws {
        try await withTemporaryFolder { folder in
            let first = try Setup(folder)
            try first.make()
            let second = try Setup(folder, name: "2", content: "2")
            let blob = try #require(first.manifest.files.first { $0.path == "readme" }?.blob)
            try first.store.blobs.remove(blob.digest)
            let object = folder.appending(path: "store/objects/\("\(blob.digest)".prefix(2))/\(blob.digest)-0644")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: object.path)
            try Data("evil".utf8).write(to: object)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: object.path)
            #expect(try ServiceFolder.missingBlobs(second.manifest, in: second.store.blobs).isEmpty)
            #expect(throws: StoreError.missing(blob.digest)) { try second.make() }
            let others = try #require(second.manifest.files.first { $0.path == "lib/z" }?.blob)
            try second.store.blobs.removeAlteredObjects(of: others)
            try second.store.blobs.removeAlteredObjects(of: blob)
            #expect(try ServiceFolder.missingBlobs(second.manifest, in: second.store.blobs) == [blob])
            #expect(try second.session.add(try folder.write("source", "text".utf8)) == blob)
            try second.make()
            #expect(try second.folder.check(second.manifest, second.digest) == [])
            #expect(try first.folder.check(first.manifest, first.digest).map(\.path) == ["readme"])
        }
    }

    @Test("current and previous change at one stroke, and are relative")
    func activated() async throws {
        try await withTemporaryFolder { folder in
            let first = try Setup(folder)
            let second = try Setup(folder, name: "2", content: "2")
            #expect(throws: TreeError.absent(first.digest)) { try first.folder.activate(first.digest) }
            try first.make()
            try second.make()
            #expect(try first.folder.current() == nil)
            try first.folder.activate(first.digest)
            #expect(try first.folder.current() == first.digest)
            #expect(try first.folder.previous() == nil)
            try first.folder.activate(second.digest)
            try first.folder.activate(second.digest)
            #expect(try first.folder.current() == second.digest)
            #expect(try first.folder.previous() == first.digest)
            let target = try FileManager.default.destinationOfSymbolicLink(
                atPath: first.path.appending(path: "current").path)
            #expect(target == "versions/\(second.digest)")
            for (digest, link) in [(first.digest, "previous"), (second.digest, "current")] {
                #expect(throws: TreeError.inUse(digest, link: link)) { try first.folder.remove(digest) }
            }
            try first.folder.activate(first.digest)
            #expect(try first.folder.previous() == second.digest)
        }
    }

    @Test("what is in the place of a link is not touched")
    func foreignLinks() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            try setup.make()
            let current = setup.path.appending(path: "current")
            try FileManager.default.createDirectory(at: current, withIntermediateDirectories: false)
            #expect("\(try error { try setup.folder.activate(setup.digest) })".contains("is no link to a version"))
            try FileManager.default.removeItem(at: current)
            for target in ["/etc", "versions/x", "versions/../\(setup.digest)", "../\(setup.digest)"] {
                try FileManager.default.createSymbolicLink(atPath: current.path, withDestinationPath: target)
                #expect("\(try error { try setup.folder.activate(setup.digest) })".contains("which is no version"))
                try FileManager.default.removeItem(at: current)
            }
        }
    }

    @Test("what an interrupted attempt has left is removed, and the version is made")
    func interrupted() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            try folder.write("service/versions/.unfinished-\(setup.digest)/bin/t/x/y", "old".utf8)
            try folder.write("service/versions/.unfinished-abc/f", "old".utf8)
            try FileManager.default.createSymbolicLink(
                atPath: setup.path.appending(path: ".current.new").path, withDestinationPath: "x")
            try setup.make()
            try setup.folder.activate(setup.digest)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: setup.path.appending(path: "versions").path) == [
                    "\(setup.digest)"
                ])
            #expect(try setup.folder.check(setup.manifest, setup.digest) == [])
            #expect(!setup.path.paths.contains(".current.new"))
        }
    }

    @Test("a link in the place of a directory leads nowhere")
    func linkSwaps() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            let outside = folder.appending(path: "outside")
            try folder.write("outside/lib/keep", "keep".utf8)
            let versions = setup.path.appending(path: "versions")
            let unfinished = versions.appending(path: ".unfinished-\(setup.digest)")
            try FileManager.default.createSymbolicLink(at: unfinished, withDestinationURL: outside)
            try setup.make()
            #expect(outside.paths == ["lib", "lib/keep"])
            // Within a version that is checked.
            try FileManager.default.removeItem(at: setup.version.appending(path: "lib"))
            try FileManager.default.createSymbolicLink(
                at: setup.version.appending(path: "lib"), withDestinationURL: outside.appending(path: "lib"))
            let faults = try setup.folder.check(setup.manifest, setup.digest)
            #expect(faults.first == TreeFault(path: "lib", kind: .kind))
            try setup.folder.remove(setup.digest)
            #expect(outside.paths == ["lib", "lib/keep"])
            // In the place of the directory of all versions.
            try FileManager.default.removeItem(at: versions)
            try FileManager.default.createSymbolicLink(at: versions, withDestinationURL: outside)
            #expect("\(try error { try ServiceFolder(making: setup.path.path) })".contains("symbolic link"))
        }
    }

    @Test("whatever is other than the manifest says is found, and made anew")
    func faults() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            try setup.make()
            let file = { (path: String) in setup.version.appending(path: path) }
            let manager = FileManager.default
            chmod(file("bin/u").path, 0o4644)
            try manager.removeItem(at: file("lib/a/b/c.so"))
            try manager.removeItem(at: file("lib/a/d"))
            try manager.createDirectory(at: file("lib/a/d"), withIntermediateDirectories: false)
            try manager.removeItem(at: file("lib/c.so"))
            try manager.createSymbolicLink(atPath: file("lib/c.so").path, withDestinationPath: "/etc/passwd")
            let handle = try FileHandle(forWritingTo: file("readme"))
            try handle.write(contentsOf: Data("TEXT".utf8))
            try handle.close()
            try Data().write(to: file("new"))
            chmod(file("lib/a").path, 0o777)
            let faults = try setup.folder.check(setup.manifest, setup.digest)
            #expect(
                faults == [
                    .init(path: "bin/u", kind: .mode), .init(path: "lib/a", kind: .mode),
                    .init(path: "lib/a/b/c.so", kind: .missing), .init(path: "lib/a/d", kind: .kind),
                    .init(path: "lib/c.so", kind: .target), .init(path: "new", kind: .extra),
                    .init(path: "readme", kind: .content),
                ])
            #expect(try setup.folder.make(setup.manifest, setup.digest, setup.session, replacing: true))
            #expect(try setup.folder.check(setup.manifest, setup.digest) == [])
            #expect(
                try manager.contentsOfDirectory(atPath: setup.path.appending(path: "versions").path) == [
                    "\(setup.digest)"
                ])
        }
    }

    @Test("a blob that is missing or altered keeps the version from being made, and nothing is left of it")
    func badBlobs() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            let blob = setup.manifest.files[2].blob
            let path = URL(filePath: setup.store.blobs.path(of: blob))
            let good = try Data(contentsOf: path)
            try (good.dropLast() + [good.last! ^ 1]).write(to: path)
            #expect(throws: StoreError.altered(blob.digest, .compressedDigest)) { try setup.make() }
            #expect(try setup.folder.digests() == [])
            #expect(setup.path.appending(path: "versions").paths == [])
            try FileManager.default.removeItem(at: path)
            #expect(try ServiceFolder.missingBlobs(setup.manifest, in: setup.store.blobs) == [blob])
            #expect(throws: StoreError.missing(blob.digest)) { try setup.make() }
            try good.write(to: path)
            try setup.make()
            // The objects are enough from now on.
            for blob in setup.manifest.blobs { try setup.store.blobs.remove(blob.digest) }
            #expect(try ServiceFolder.missingBlobs(setup.manifest, in: setup.store.blobs) == [])
            try setup.folder.remove(setup.digest)
            try setup.make()
            #expect(try setup.folder.check(setup.manifest, setup.digest) == [])
        }
    }

    @Test("a version that needs more room than there is does not begin")
    func space() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            var manifest = setup.manifest
            manifest.files[0].blob = Blob(
                digest: ContentDigest(of: "huge".utf8), size: 1 << 40, compressedSize: 1 << 39,
                compressedDigest: ContentDigest(of: []))
            manifest.files[1].blob = manifest.files[0].blob
            var space = statvfs()
            guard statvfs(folder.path, &space) == 0, space.f_bavail * space.f_frsize < 3 << 40 else { return }
            let refusal = try error {
                try setup.folder.make(manifest, ContentDigest(of: manifest.bytes), setup.session)
            }
            #expect("\(refusal)".contains("TiB are needed"), "\(refusal)")
            #expect(setup.path.paths == ["versions"])
        }
    }

    @Test("objects stay while versions link to them, and go then")
    func collected() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            try setup.make()
            setup.session.end()
            let objects = folder.appending(path: "store/objects")
            let count = { objects.paths.count { $0.contains("-") } }
            #expect(count() == 5)
            _ = try setup.store.blobs.collect { [] }
            #expect(count() == 5)
            try setup.folder.remove(setup.digest)
            _ = try setup.store.blobs.collect { [] }
            #expect(count() == 0)
        }
    }

    @Test("two thousand directories, and one 200 deep, are made and checked")
    func manyDirectories() async throws {
        try await withTemporaryFolder { folder in
            let setup = try Setup(folder)
            var manifest = setup.manifest
            manifest.links = []
            let blob = manifest.files[5].blob
            let deep = (0..<200).map { "d\($0)" }.joined(separator: "/")
            manifest.files = (0..<2_000).map { .init(path: "w\($0)/f", mode: Samples.plain, blob: blob) }
            manifest.files.append(.init(path: "\(deep)/f", mode: Samples.plain, blob: blob))
            let digest = ContentDigest(of: manifest.bytes)
            try setup.folder.make(manifest, digest, setup.session)
            #expect(try setup.folder.check(manifest, digest) == [])
        }
    }
}
