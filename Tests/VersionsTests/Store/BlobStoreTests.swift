import Foundation
import Glibc
import TestSupport
import Testing

@testable import Versions

@Suite struct BlobStoreTests {
    private static let sizes = [0, 1, 5, 4_096, 1 << 18, (1 << 18) + 1, 3_000_000]

    private static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        // Half of it compresses.
        return (0..<count).map { $0 % 64 < 32 ? 0x61 : UInt8.random(in: 0...255, using: &generator) }
    }

    @Test("what was added is read as it was, in any size", arguments: sizes)
    func roundTrip(_ size: Int) async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store().blobs
            let bytes = Self.bytes(size)
            let session = try StoreSession(store)
            let blob = try session.add(try folder.write("f", bytes))
            #expect(blob.size == size)
            #expect(blob.digest == ContentDigest(of: bytes))
            #expect(try store.content(blob) == bytes)
            let compressed = try Data(contentsOf: URL(filePath: store.path(of: blob)))
            #expect(blob.compressedSize == compressed.count)
            #expect(blob.compressedDigest == ContentDigest(of: compressed))
            // Again, it is found.
            #expect(try session.add(folder.appending(path: "f").path) == blob)
            session.end()
            #expect(folder.appending(path: "store/sessions").paths == [])
        }
    }

    @Test("blobs that were altered are told from those that are gone")
    func alteredAmongOthers() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store().blobs
            let session = try StoreSession(store)
            let blobs = try (0..<4).map { try session.add(try folder.write("f", Self.bytes(5_000, seed: $0 + 1))) }
            #expect(try store.altered(blobs).isEmpty)
            try store.remove(blobs[0].digest)
            try Data("x".utf8).write(to: URL(filePath: store.path(of: blobs[2])))
            let altered = try store.altered(blobs)
            #expect(altered.map(\.blob) == [blobs[2]])
            #expect(altered.map(\.fault) == [.compressedSize(1, expected: blobs[2].compressedSize)])
        }
    }

    @Test("a byte altered on the disk is found whenever the blob is read")
    func alteredOnDisk() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store().blobs
            let session = try StoreSession(store)
            let blob = try session.add(try folder.write("f", Self.bytes(10_000)))
            let path = URL(filePath: store.path(of: blob))
            let good = try Data(contentsOf: path)
            for index in stride(from: 0, to: good.count, by: 611) {
                var bad = good
                bad[index] ^= 4
                try bad.write(to: path)
                #expect(throws: StoreError.altered(blob.digest, .compressedDigest)) { try store.check(blob) }
            }
            try good.dropLast().write(to: path)
            #expect(throws: StoreError.altered(blob.digest, .compressedSize(good.count - 1, expected: good.count))) {
                try store.check(blob)
            }
            try (good + [0]).write(to: path)
            #expect(throws: StoreError.altered(blob.digest, .compressedSize(good.count + 1, expected: good.count))) {
                try store.check(blob)
            }
            // Adding the content again repairs it.
            #expect(try session.add(folder.appending(path: "f").path) == blob)
            #expect(try store.content(blob) == Self.bytes(10_000))
            try store.remove(blob.digest)
            #expect(throws: StoreError.missing(blob.digest)) { try store.check(blob) }
        }
    }

    @Test("nothing is decompressed whose compressed bytes are not as they should be, and not more than the size")
    func decompression() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store().blobs
            let session = try StoreSession(store)
            // A bomb: 64 MiB of zeros in a few KiB.
            let bomb = try session.add(try folder.write("bomb", [UInt8](repeating: 0, count: 64 << 20)))
            #expect(bomb.compressedSize < 10_000)
            let claimed = Blob(
                digest: bomb.digest, size: 1_000, compressedSize: bomb.compressedSize,
                compressedDigest: bomb.compressedDigest)
            var handedOut = 0
            #expect(throws: StoreError.altered(bomb.digest, .larger(expected: 1_000))) {
                try store.read(claimed) { handedOut += $0.count }
            }
            #expect(handedOut == 0)
            let other = Blob(
                digest: bomb.digest, size: bomb.size, compressedSize: bomb.compressedSize,
                compressedDigest: ContentDigest(of: []))
            #expect(throws: StoreError.altered(bomb.digest, .compressedDigest)) {
                try store.read(other) { handedOut += $0.count }
            }
            #expect(handedOut == 0)
        }
    }

    @Test("a file that changes while it is read is noticed")
    func changes() async throws {
        try await withTemporaryFolder { folder in
            let session = try StoreSession(try folder.store().blobs)
            let path = try folder.write("f", Self.bytes(100))
            let file = try OpenFile.open(path)
            // The store reads it twice; this is between.
            try folder.write("f", Self.bytes(100, seed: 2))
            #expect(try session.add(path).size == 100)
            _ = file
        }
    }

    @Test("a directory that is no store is not written to")
    func noStore() async throws {
        try await withTemporaryFolder { folder in
            try folder.write("dir/f", "x".utf8)
            let path = folder.appending(path: "dir").path
            #expect("\(try error { try VersionStore(opening: path, making: true) })".contains("it is not empty"))
            #expect("\(try error { try VersionStore(opening: path) })".contains("there is no file format"))
            #expect(folder.appending(path: "dir").paths == ["f"])
            try folder.write("dir/format", "portcullis store 2\n".utf8)
            #expect("\(try error { try VersionStore(opening: path) })".contains(#"its format is "portcullis store 2""#))
            #expect(throws: (any Error).self) { try VersionStore(opening: path + "/nothing") }
        }
    }

    @Test("a store whose making was interrupted is made whole")
    func interruptedMaking() async throws {
        try await withTemporaryFolder { folder in
            try folder.write("store/.format.new", "port".utf8)
            _ = try folder.store()
            try FileManager.default.removeItem(at: folder.appending(path: "store/objects"))
            _ = try folder.store()
            _ = try VersionStore(opening: folder.appending(path: "store").path)
        }
    }

    @Test("many threads add the same and other files at once")
    func parallel() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store().blobs
            let session = try StoreSession(store)
            let paths = try (0..<60).map { try folder.write("f\($0)", Self.bytes(5_000, seed: UInt64($0 % 7))) }
            let blobs = try ParallelWork.map(paths, width: 8) { try session.add($0) }
            #expect(Set(blobs).count == 7)
            for blob in Set(blobs) { try store.check(blob) }
        }
    }
}

@Suite struct BlobReceiverTests {
    /// A store with a blob, and the blob's compressed bytes.
    private static func blob(_ folder: URL, _ bytes: [UInt8]) throws -> (Blob, [UInt8]) {
        let store = try VersionStore(opening: folder.appending(path: "other").path, making: true).blobs
        let session = try StoreSession(store)
        let blob = try session.add(try folder.write("source", bytes))
        return (blob, Array(try Data(contentsOf: URL(filePath: store.path(of: blob)))))
    }

    private func receive(
        _ blob: Blob, _ parts: [ArraySlice<UInt8>], _ session: StoreSession
    ) throws {
        let receiver = try session.receive(blob)
        for part in parts { try part.withUnsafeBytes { try receiver.write($0) } }
        try receiver.finish()
    }

    @Test("a blob comes in parts of any size")
    func parts() async throws {
        try await withTemporaryFolder { folder in
            let bytes = [UInt8]((0..<50_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
            let (blob, compressed) = try Self.blob(folder, bytes)
            for size in [1_000, 7, compressed.count] {
                let store = try VersionStore(opening: folder.appending(path: "s\(size)").path, making: true).blobs
                let session = try StoreSession(store)
                let parts = stride(from: 0, to: compressed.count, by: size).map {
                    compressed[$0..<min($0 + size, compressed.count)]
                }
                try receive(blob, parts, session)
                #expect(try store.content(blob) == bytes)
            }
        }
    }

    @Test("what is not as it should be leaves nothing")
    func refused() async throws {
        try await withTemporaryFolder { folder in
            let bytes = [UInt8](repeating: 7, count: 100_000)
            let (blob, compressed) = try Self.blob(folder, bytes)
            let store = try folder.store().blobs
            let session = try StoreSession(store)
            func expect(_ fault: BlobFault, _ bytes: [UInt8], as claimed: Blob) {
                #expect(throws: StoreError.altered(claimed.digest, fault)) {
                    try receive(claimed, [bytes[...]], session)
                }
            }
            func claimed(
                _ bytes: [UInt8], size: Int = 100_000, digest: ContentDigest? = nil
            ) -> Blob {
                Blob(
                    digest: digest ?? blob.digest, size: size, compressedSize: bytes.count,
                    compressedDigest: ContentDigest(of: bytes))
            }
            expect(.compressedSize(compressed.count - 1, expected: compressed.count), compressed.dropLast(), as: blob)
            expect(.compressedSize(compressed.count + 1, expected: compressed.count), compressed + [0], as: blob)
            var altered = compressed
            altered[altered.count / 2] ^= 1
            expect(.compressedDigest, altered, as: blob)
            // Whoever says what the compressed bytes are can say so of any.
            expect(.larger(expected: 99_999), compressed, as: claimed(compressed, size: 99_999))
            expect(.smaller(100_000, expected: 100_001), compressed, as: claimed(compressed, size: 100_001))
            expect(.digest, compressed, as: claimed(compressed, digest: ContentDigest(of: [])))
            let half = Array(compressed.prefix(compressed.count / 2))
            expect(.notDecompressible("the compressed bytes are incomplete"), half, as: claimed(half))
            let garbage = Array("this is not zstd at all".utf8)
            #expect(throws: StoreError.self) { try receive(claimed(garbage), [garbage[...]], session) }
            let (large, _) = (compressed + compressed, 0)
            expect(.larger(expected: 100_000), large, as: claimed(large))
            #expect(folder.appending(path: "store/blobs").paths.filter { $0.utf8.count > 2 } == [])
            #expect(folder.appending(path: "store/sessions").paths.count == 1)
        }
    }

    @Test("a frame that asks for a large window is refused: it would ask for as much memory")
    func window() async throws {
        // Magic, a descriptor without a size, a window of 2^31 bytes, an empty last block.
        let bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8, 0x01, 0x00, 0x00]
        try await withTemporaryFolder { folder in
            let session = try StoreSession(try folder.store().blobs)
            let blob = Blob(
                digest: ContentDigest(of: []), size: 0, compressedSize: bytes.count,
                compressedDigest: ContentDigest(of: bytes))
            let fault = try error { try receive(blob, [bytes[...]], session) }
            #expect("\(fault)".contains("Frame requires too much memory"), "\(fault)")
        }
    }

    @Test("a transfer that is given up leaves nothing; one that goes on knows how far it came")
    func givenUp() async throws {
        try await withTemporaryFolder { folder in
            let (blob, compressed) = try Self.blob(folder, Array("some content".utf8))
            let session = try StoreSession(try folder.store().blobs)
            do {
                let receiver = try session.receive(blob)
                try compressed[..<5].withUnsafeBytes { try receiver.write($0) }
                #expect(receiver.received == 5)
                #expect(folder.appending(path: "store/sessions").paths.count == 2)
            }
            #expect(folder.appending(path: "store/sessions").paths.count == 1)
        }
    }
}

@Suite struct CollectionTests {
    private func store(_ folder: URL) throws -> (BlobStore, [Blob]) {
        let store = try folder.store().blobs
        let session = try StoreSession(store)
        let blobs = try (0..<20).map { try session.add(try folder.write("f\($0)", "content \($0)".utf8)) }
        session.end()
        return (store, blobs)
    }

    @Test("what nothing names is removed, the rest stays")
    func removed() async throws {
        try await withTemporaryFolder { folder in
            let (store, blobs) = try store(folder)
            let kept = Set(blobs.prefix(5).map(\.digest))
            let collected = try store.collect { kept }
            #expect(collected.count == 15)
            #expect(collected.bytes == blobs.dropFirst(5).reduce(0) { $0 + $1.compressedSize })
            for blob in blobs { #expect(try store.has(blob.digest) == kept.contains(blob.digest)) }
            #expect(try store.collect { kept } == Collected())
        }
    }

    @Test("what a session has added or found stays until it ends, whatever nothing names")
    func runningSession() async throws {
        try await withTemporaryFolder { folder in
            let (store, blobs) = try store(folder)
            let session = try StoreSession(store)
            #expect(try session.claim(blobs[0].digest))
            #expect(try session.add(folder.appending(path: "f1").path) == blobs[1])
            let new = try session.add(try folder.write("new", "new".utf8))
            #expect(try store.collect { [] }.count == 18)
            for blob in [blobs[0], blobs[1], new] { try store.check(blob) }
            #expect(try !session.claim(blobs[2].digest))
            session.end()
            #expect(try store.collect { [] }.count == 3)
        }
    }

    @Test("a session that ends while a collection asks what is in use loses nothing")
    func endingSession() async throws {
        try await withTemporaryFolder { folder in
            let (store, blobs) = try store(folder)
            let session = try StoreSession(store)
            #expect(try session.claim(blobs[0].digest))
            let collected = try store.collect {
                session.end()
                return []
            }
            #expect(collected.count == 19)
            try store.check(blobs[0])
        }
    }

    @Test("a session of a process that was killed keeps nothing, and leaves nothing")
    func deadSession() async throws {
        try await withTemporaryFolder { folder in
            let (store, _) = try store(folder)
            // A directory whose lock nobody holds.
            try folder.write("store/sessions/1-2-3/0", "half".utf8)
            #expect(try store.collect { [] }.count == 20)
            #expect(folder.appending(path: "store/sessions").paths == [])
        }
    }

    @Test("collections and sessions at once take nothing that is named")
    func together() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store()
            let paths = try (0..<40).map { try folder.write("f\($0)", "content \($0)".utf8) }
            _ = try ParallelWork.map(Array(0..<8), width: 4) { worker in
                for round in 0..<10 {
                    if worker % 2 == 0 {
                        _ = try store.collect()
                    } else {
                        let session = try StoreSession(store.blobs)
                        let name = "1.\(worker).\(round)"
                        var manifest = Manifest(version: VersionName(type: "t", name: name), files: [])
                        manifest.files = try paths[(round * 4)..<(round * 4 + 4)].enumerated().map { index, path in
                            Manifest.File(path: "f\(index)", mode: Samples.plain, blob: try session.add(path))
                        }
                        _ = try store.add(manifest, session)
                        session.end()
                    }
                }
            }
            let entries = try store.entries()
            #expect(entries.count == 40)
            for entry in entries { for blob in try store.manifest(entry.digest).blobs { try store.blobs.check(blob) } }
            #expect(try store.collect().count == 0)
        }
    }
}

@Suite struct VersionStoreTests {
    private func add(_ store: VersionStore, _ folder: URL, name: String = "1", content: String) throws -> ContentDigest
    {
        let session = try StoreSession(store.blobs)
        let blob = try session.add(try folder.write("f", content.utf8))
        let manifest = Manifest(
            version: VersionName(type: "t", name: name), files: [.init(path: "f", mode: Samples.plain, blob: blob)])
        return try store.add(manifest, session).digest
    }

    @Test("a version keeps its name, and never becomes another")
    func names() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store()
            let digest = try add(store, folder, content: "a")
            #expect(try add(store, folder, content: "a") == digest)
            let version = VersionName(type: "t", name: "1")
            #expect(throws: VersionStoreError.taken(version, digest)) { try add(store, folder, content: "b") }
            #expect(try store.entries() == [.init(version: version, digest: digest)])
            #expect(try store.manifest(digest).version == version)
            #expect(try store.remove(version))
            #expect(try !store.remove(version))
            #expect(try store.collect().count == 2)
            #expect(try add(store, folder, content: "b") != digest)
        }
    }

    @Test("a manifest whose bytes were altered is not read")
    func altered() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store()
            let digest = try add(store, folder, content: "a")
            let path = folder.appending(path: "store/manifests/\(digest).json")
            try (Data(contentsOf: path) + Data([0x20])).write(to: path)
            #expect("\(try error { try store.manifest(digest) })".contains("was altered: it is not the manifest"))
        }
    }

    @Test("a version whose content is not in the store is not added")
    func missingBlob() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store()
            let session = try StoreSession(store.blobs)
            #expect(throws: StoreError.missing(Samples.blob.digest)) {
                try store.add(Samples.manifest("a"), session)
            }
            #expect(try store.entries() == [])
        }
    }

    @Test("signatures are added one to the other, by several at once, too")
    func signatures() async throws {
        try await withTemporaryFolder { folder in
            let store = try folder.store()
            let digest = try add(store, folder, content: "a")
            #expect(try store.signatures(digest).signatures == [])
            let bytes = try store.manifestBytes(digest)
            _ = try ParallelWork.map(Array(0..<12), width: 6) { _ in
                let session = try StoreSession(store.blobs)
                try store.add(try SigningKey(description: KeyDescription()).sign(manifest: bytes), to: digest, session)
            }
            #expect(try store.signatures(digest).signatures.count == 12)
        }
    }
}
