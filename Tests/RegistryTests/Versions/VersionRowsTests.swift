import AdminAPI
import Cloud
import Foundation
import RegistryTestSupport
import TestSupport
import Testing
import Versions

@testable import Registry

/// What `RegistryStore` says of versions, on each of its engines.
@Suite("Versions in the registry store") struct VersionRowsTests {
    enum Engine: CaseIterable { case sqlite, memory }

    private func withStore(_ engine: Engine, _ body: (any RegistryStore) async throws -> Void) async throws {
        switch engine {
        case .memory: try await body(InMemoryStore())
        case .sqlite:
            try await withTemporaryFolder { folder in
                try await body(try SQLiteStore(path: folder.appending(path: "registry.sqlite").path))
            }
        }
    }

    private static let name = VersionName(type: "pgw", name: "1.5.0")

    private static func version(_ name: VersionName = name, _ content: String = "a") throws -> StoredVersion {
        StoredVersion(
            version: name, digest: ContentDigest(of: content.utf8), files: 2, size: 30, compressedSize: 20,
            signatures: try SampleVersion.signatures("0011223344556677"), createdAt: "2026-01-01T00:00:00.000Z",
            createdBy: "ops")
    }

    private static func event(_ action: ChangeAction) -> EventEntry {
        EventEntry(action, .version, "pgw 1.5.0", by: "ops", at: "2026-01-01T00:00:00.000Z")
    }

    @Test("a version comes back as it was stored, by its name and by its manifest", arguments: Engine.allCases)
    func rows(engine: Engine) async throws {
        try await withStore(engine) { store in
            var version = try Self.version()
            version.mark = .quarantined
            version.reason = "it fails"
            version.markedAt = "2026-01-02T00:00:00.000Z"
            version.markedBy = "ops"
            try await store.addVersion(version, Self.event(.create))
            #expect(try await store.versions() == [version])
            #expect(try await store.version(Self.name) == version)
            #expect(try await store.version(ofManifest: version.digest) == version)
            #expect(try await store.version(VersionName(type: "pgw", name: "1.5.0", variant: "debug")) == nil)
            #expect(try await store.version(ofManifest: ContentDigest(of: "b".utf8)) == nil)
            #expect(try await store.events(after: 0, before: nil, limit: 9).map(\.entry) == [Self.event(.create)])
        }
    }

    @Test("neither a name nor a manifest is given twice", arguments: Engine.allCases)
    func taken(engine: Engine) async throws {
        try await withStore(engine) { store in
            let version = try Self.version()
            try await store.addVersion(version, Self.event(.create))
            let others = [
                try Self.version(Self.name, "b"), try Self.version(VersionName(type: "pgw", name: "1.6.0")),
            ]
            for other in others {
                await #expect(throws: VersionError.taken(version.version, version.digest)) {
                    try await store.addVersion(other, Self.event(.create))
                }
            }
            #expect(try await store.versions() == [version])
            #expect(try await store.events(after: 0, before: nil, limit: 9).count == 1)
        }
    }

    @Test("a change is made with its event, or not at all", arguments: Engine.allCases)
    func change(engine: Engine) async throws {
        try await withStore(engine) { store in
            var version = try Self.version()
            try await store.addVersion(version, Self.event(.create))
            let unchanged = try await store.changeVersion(Self.name) { version in
                version.mark = .good
                return nil
            }
            #expect(unchanged?.mark == .good)
            #expect(try await store.version(Self.name) == version)
            _ = try await store.changeVersion(Self.name) { version in
                version.mark = .good
                return Self.event(.update)
            }
            version.mark = .good
            #expect(try await store.version(Self.name) == version)
            #expect(try await store.changeVersion(VersionName(type: "x", name: "1")) { _ in nil } == nil)
            #expect(try await store.events(after: 0, before: nil, limit: 9).count == 2)
        }
    }

    @Test("the manifest of a removed version is removable until it is added again", arguments: Engine.allCases)
    func removable(engine: Engine) async throws {
        try await withStore(engine) { store in
            let version = try Self.version()
            try await store.addVersion(version, Self.event(.create))
            #expect(try await store.removableManifests() == [])
            try await store.removeVersion(version, Self.event(.delete))
            let removable = RemovableManifest(digest: version.digest, version: version.version)
            #expect(try await store.removableManifests() == [removable])
            #expect(try await store.versions() == [])
            try await store.addVersion(version, Self.event(.create))
            #expect(try await store.removableManifests() == [])
            try await store.addRemovableManifest(removable)
            try await store.addRemovableManifest(removable)
            #expect(try await store.removableManifests() == [removable])
            try await store.forgetRemovableManifest(version.digest)
            #expect(try await store.removableManifests() == [])
        }
    }

    @Test(
        "contents are known until they are forgotten, with the time when they were needed", arguments: Engine.allCases)
    func blobs(engine: Engine) async throws {
        try await withStore(engine) { store in
            let blobs = ["a", "b"].map { text in
                let digest = ContentDigest(of: text.utf8)
                return StoredBlob(
                    blob: Blob(digest: digest, size: 10, compressedSize: 9, compressedDigest: digest),
                    touchedAt: "2026-01-0\(text == "a" ? 1 : 3)T00:00:00.000Z")
            }
            let digests = blobs.map(\.blob.digest)
            for blob in blobs { try await store.recordBlob(blob) }
            #expect(
                try await store.blobs(digests + [ContentDigest(of: "c".utf8)]) == [
                    digests[0]: blobs[0], digests[1]: blobs[1],
                ])
            let time = "2026-01-02T00:00:00.000Z"
            #expect(try await store.blobs(touchedSince: time, orNot: false) == [digests[1]])
            #expect(try await store.blobs(touchedSince: time, orNot: true) == [digests[0]])
            try await store.touchBlobs([digests[0]], at: time)
            #expect(try await store.blobs(touchedSince: time, orNot: true) == [])
            try await store.forgetBlobs([digests[1]])
            #expect(try await store.blobs(digests).keys.sorted() == [digests[0]])
        }
    }
}
