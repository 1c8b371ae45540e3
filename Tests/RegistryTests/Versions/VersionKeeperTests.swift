import AdminAPI
import Cloud
import Foundation
import Logging
import NIOCore
import RegistryTestSupport
import TestSupport
import Testing
import Versions

@testable import Registry

@Suite("Versions that ADMIN keeps") struct VersionKeeperTests {
    /// A keeper with its clock, and what somebody has built.
    private struct Scene {
        let keeper: VersionKeeper
        let registry: Registry
        let clock: TestClock
        let folder: URL

        func sample(_ name: String, _ contents: [String]) throws -> SampleVersion {
            try SampleVersion(VersionName(type: "pgw", name: name), contents, in: folder)
        }

        func upload(_ sample: SampleVersion) async throws {
            for blob in sample.manifest.blobs { try await send(try sample.compressed(blob), of: blob) }
        }

        @discardableResult
        func send(_ bytes: [UInt8], of blob: Blob, at offset: Int = 0, count: Int? = nil) async throws -> Int {
            let body = AsyncStream<ByteBuffer> { continuation in
                for byte in bytes { continuation.yield(ByteBuffer(bytes: [byte])) }
                continuation.finish()
            }
            return try await keeper.receive(blob, offset..<offset + (count ?? bytes.count), body) {}
        }

        @discardableResult
        func add(_ sample: SampleVersion, dryRun: Bool = false) async throws -> VersionKeeper.Change {
            try await keeper.add(
                sample.manifest.version, manifest: sample.bytes, ManifestSignatures(), by: "ops", dryRun: dryRun)
        }

        func remove(_ sample: SampleVersion) async throws {
            _ = try await keeper.remove(sample.manifest.version, by: "ops", dryRun: false) { _ in }
        }

        /// What is in a part of the directory.
        func names(_ part: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "versions/\(part)").path)
        }
    }

    private func withScene(
        unneeded: Int = 86_400, reserve: Int = 0, _ body: (Scene) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let clock = TestClock()
            let registry = try Registry(
                path: folder.appending(path: "registry.sqlite").path, now: clock.now, uptime: clock.uptime)
            let keeping = VersionKeeping(
                directory: folder.appending(path: "versions").path, unneeded: unneeded, reserve: reserve)
            let keeper = try VersionKeeper(
                keeping, registry: registry, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await body(Scene(keeper: keeper, registry: registry, clock: clock, folder: folder))
            try registry.close()
        }
    }

    @Test("a version is added once its contents are there, and comes back byte by byte")
    func add() async throws {
        try await withScene { scene in
            let sample = try scene.sample("1.0", ["one", "two"])
            let digests = sample.manifest.blobs.map(\.digest)
            #expect(try await scene.keeper.missing(digests) == digests)
            await #expect(throws: VersionError.self) { try await scene.add(sample) }
            try await scene.upload(sample)
            #expect(try await scene.keeper.missing(digests) == [])
            #expect(try await scene.add(sample, dryRun: true).action == .create)
            #expect(try await scene.keeper.versions() == [])
            #expect(try await scene.add(sample).action == .create)
            #expect(try await scene.add(sample).action == nil)
            #expect(try await scene.keeper.manifestBytes(sample.digest) == sample.bytes)
            #expect(try await scene.registry.store.removableManifests() == [])
            let other = try SampleVersion(
                sample.manifest.version, ["one"],
                in: scene.folder.appending(path: "source").deletingLastPathComponent()
                    .appending(path: "other").creating())
            await #expect(throws: VersionError.taken(sample.manifest.version, sample.digest)) {
                try await scene.add(other)
            }
            await #expect(
                throws: VersionError.otherName(sample.manifest.version, expected: VersionName(type: "tg", name: "1"))
            ) {
                try await scene.keeper.add(
                    VersionName(type: "tg", name: "1"), manifest: sample.bytes, ManifestSignatures(), by: "ops",
                    dryRun: false)
            }
        }
    }

    @Test("the exact bytes are kept, also where another writer has made them")
    func exactBytes() async throws {
        try await withScene { scene in
            let sample = try scene.sample("1.0", ["one"])
            try await scene.upload(sample)
            let bytes = sample.bytes + Array("\n \n".utf8)
            _ = try await scene.keeper.add(
                sample.manifest.version, manifest: bytes, ManifestSignatures(), by: "ops", dryRun: false)
            let digest = ContentDigest(of: bytes)
            #expect(digest != sample.digest)
            #expect(try await scene.keeper.manifestBytes(digest) == bytes)
        }
    }

    @Test("signatures join those that are there; marks say who made them and when")
    func signaturesAndMarks() async throws {
        try await withScene { scene in
            let sample = try scene.sample("1.0", ["one"])
            try await scene.upload(sample)
            try await scene.add(sample)
            let name = sample.manifest.version
            for _ in 0..<2 {
                _ = try await scene.keeper.sign(
                    name, try SampleVersion.signatures("0000000000000001", "0000000000000002"), by: "ops", dryRun: false
                )
            }
            let keys = try await scene.keeper.version(name).signatures.signatures.map(\.keyID)
            #expect(keys == ["0000000000000001", "0000000000000002"])
            for word in ["good", "good"] {
                _ = try await scene.keeper.mark(
                    name, VersionMarkChange(mark: .init(rawValue: word)!), by: "qa", dryRun: false
                ) { _ in }
            }
            let version = try await scene.keeper.version(name)
            #expect(version.mark == .good && version.markedBy == "qa" && version.markedAt != nil)
            // Whatever changes nothing makes no event.
            #expect(try await scene.registry.store.events(after: 0, before: nil, limit: 9).count == 3)
        }
    }

    @Test("an upload goes on where the last piece has ended, and rests for an hour at most")
    func resume() async throws {
        try await withScene { scene in
            let sample = try scene.sample("1.0", ["one"])
            let blob = sample.manifest.blobs[0]
            let bytes = try sample.compressed(blob)
            #expect(try await scene.send(Array(bytes[..<3]), of: blob) == 3)
            await #expect(throws: VersionError.otherOffset(received: 3)) { try await scene.send(bytes, of: blob) }
            // One that ends early counts as far as it has come, and one that is too long not beyond its end.
            await #expect(throws: VersionError.pieceSize(2, expected: 4)) {
                try await scene.send(Array(bytes[3..<5]), of: blob, at: 3, count: 4)
            }
            await #expect(throws: VersionError.pieceSize(3, expected: 2)) {
                try await scene.send(Array(bytes[5..<8]), of: blob, at: 5, count: 2)
            }
            #expect(await scene.keeper.uploads.state(of: blob.digest)?.received == 7)
            scene.clock.advance(by: 3_599)
            await scene.keeper.lookAfter(collecting: false)
            #expect(await scene.keeper.uploads.count == 1)
            #expect(try scene.names("sessions").count == 1)
            #expect(try await scene.send(Array(bytes[7...]), of: blob, at: 7) == bytes.count)
            #expect(await scene.keeper.uploads.count == 0)
            #expect(try await scene.keeper.missing([blob.digest]) == [])
            let other = try scene.sample("2.0", ["other"]).manifest.blobs[0]
            try await scene.send([0x28], of: other)
            scene.clock.advance(by: 3_600)
            await scene.keeper.lookAfter(collecting: false)
            #expect(await scene.keeper.uploads.count == 0)
            #expect(try scene.names("sessions") == [])
        }
    }

    @Test("there are never more uploads than fit: those that rest make room")
    func manyUploads() async throws {
        try await withScene { scene in
            func begin(_ number: Int) async throws {
                let digest = ContentDigest(of: "\(number)".utf8)
                try await scene.send(
                    [0x28], of: Blob(digest: digest, size: 100, compressedSize: 100, compressedDigest: digest))
            }
            for number in 0..<BlobUploads.most { try await begin(number) }
            await #expect(throws: VersionError.tooManyUploads(BlobUploads.most)) { try await begin(-1) }
            scene.clock.advance(by: 10)
            for number in 1_000..<1_100 { try await begin(number) }
            #expect(await scene.keeper.uploads.count == BlobUploads.most)
            #expect(try scene.names("sessions").count == BlobUploads.most)
        }
    }

    @Test("what comes must be what was announced")
    func wrongContent() async throws {
        try await withScene { scene in
            let sample = try scene.sample("1.0", ["one"])
            let blob = sample.manifest.blobs[0]
            let bytes = try sample.compressed(blob)
            let lies = [
                Blob(
                    digest: blob.digest, size: 2, compressedSize: bytes.count, compressedDigest: blob.compressedDigest),
                Blob(
                    digest: ContentDigest(of: "x".utf8), size: blob.size, compressedSize: bytes.count,
                    compressedDigest: blob.compressedDigest),
                Blob(digest: blob.digest, size: blob.size, compressedSize: bytes.count, compressedDigest: blob.digest),
            ]
            for lie in lies {
                await #expect(throws: VersionError.self) { try await scene.send(bytes, of: lie) }
                #expect(try await scene.keeper.missing([lie.digest]) == [lie.digest])
            }
            #expect(await scene.keeper.uploads.count == 0)
            #expect(try scene.names("sessions") == [])
        }
    }

    @Test("free space is looked at first")
    func room() async throws {
        try await withScene(reserve: 1 << 60) { scene in
            let sample = try scene.sample("1.0", ["one"])
            await #expect(throws: VersionError.self) { try await scene.upload(sample) }
            #expect(try scene.names("sessions") == [])
        }
    }

    @Test("a content goes when no version has needed it for as long as is set")
    func collect() async throws {
        try await withScene(unneeded: 100) { scene in
            let (first, second) = (try scene.sample("1.0", ["one", "two"]), try scene.sample("2.0", ["one", "three"]))
            for sample in [first, second] {
                try await scene.upload(sample)
                try await scene.add(sample)
            }
            scene.clock.advance(by: 1_000)
            #expect(try await scene.keeper.collect().count == 0)
            try await scene.remove(second)
            #expect(try await scene.keeper.collect().count == 0)
            scene.clock.advance(by: 101)
            let third = second.manifest.blobs[1]
            let would = try await scene.keeper.collect(dryRun: true)
            #expect(would.count == 1 && would.bytes == third.compressedSize)
            // One that is being sent stays.
            var content: SentBlob? = try await scene.keeper.content(third.digest)
            #expect(try await scene.keeper.collect().count == 0)
            _ = content.take()
            #expect(try await scene.keeper.collect().count == 1)
            await #expect(throws: VersionError.noBlob(third.digest, wasAltered: false)) {
                try await scene.keeper.content(third.digest)
            }
            #expect(try await scene.registry.store.blobs([third.digest]) == [:])
            #expect(try await scene.keeper.missing(first.manifest.blobs.map(\.digest)) == [])
            #expect(try scene.names("manifests").count == 1)
        }
    }

    @Test("a manifest that cannot be read ends a collection: nobody knows what it needs")
    func alteredManifest() async throws {
        try await withScene(unneeded: 0) { scene in
            let sample = try scene.sample("1.0", ["one"])
            try await scene.upload(sample)
            try await scene.add(sample)
            let file = scene.folder.appending(path: "versions/manifests/\(sample.digest).json")
            try Data("{}".utf8).write(to: file)
            scene.clock.advance(by: 1_000)
            await #expect(throws: (any Error).self) { try await scene.keeper.collect() }
            #expect(try await scene.add(sample).action == nil)
            #expect(try await scene.keeper.collect().count == 0)
        }
    }

    @Test("what an interrupted addition has left stands in nobody's way, and is removed")
    func interruptedAddition() async throws {
        try await withScene(unneeded: 100) { scene in
            let (left, other) = (
                try scene.sample("1.0", ["one"]),
                try SampleVersion(
                    VersionName(type: "pgw", name: "1.0"), ["two"], in: scene.folder.appending(path: "other").creating()
                )
            )
            for sample in [left, other] { try await scene.upload(sample) }
            let interrupt = { @Sendable in
                try await scene.registry.store.addRemovableManifest(
                    RemovableManifest(digest: left.digest, version: left.manifest.version))
                let session = try StoreSession(scene.keeper.directory.blobs)
                defer { session.end() }
                _ = try scene.keeper.directory.add(left.manifest, session)
            }
            try await interrupt()
            #expect(try await scene.add(other).action == .create)
            #expect(try scene.names("manifests") == ["\(other.digest).json"])
            try await scene.remove(other)
            try await interrupt()
            _ = try await scene.keeper.collect()
            #expect(try scene.names("manifests") == [])
            #expect(try await scene.registry.store.removableManifests() == [])
        }
    }

    @Test("an altered content is removed, told, and taken again")
    func alteredContent() async throws {
        try await withScene { scene in
            let sample = try scene.sample("1.0", ["one", "two"])
            try await scene.upload(sample)
            try await scene.add(sample)
            let blob = sample.manifest.blobs[0]
            let path = scene.folder.appending(path: "versions/blobs/\("\(blob.digest)".prefix(2))/\(blob.digest)")
            var bytes = try Data(contentsOf: path)
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: path)
            let version = try await scene.keeper.version(sample.manifest.version)
            let found = try await scene.keeper.verify(version)
            #expect(found.blobs == 2 && found.faults.map(\.digest) == [blob.digest])
            #expect(try await scene.keeper.missing(sample.manifest.blobs.map(\.digest)) == [blob.digest])
            try await scene.send(try sample.compressed(blob), of: blob)
            #expect(try await scene.keeper.verify(version).faults.isEmpty)
        }
    }
}

extension URL {
    /// The directory, which is made.
    fileprivate func creating() throws -> URL {
        try FileManager.default.createDirectory(at: self, withIntermediateDirectories: true)
        return self
    }
}
