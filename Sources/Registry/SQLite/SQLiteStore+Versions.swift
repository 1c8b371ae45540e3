import AdminAPI
import Foundation
import GRDB
import Text
package import Versions

extension SQLiteStore {
    package func versions() async throws -> [StoredVersion] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM version").map(Self.version)
        }
    }

    package func version(_ name: VersionName) async throws -> StoredVersion? {
        try await read { db in try Self.version(name, db) }
    }

    package func version(ofManifest digest: ContentDigest) async throws -> StoredVersion? {
        try await read { db in try Self.version(ofManifest: digest, db) }
    }

    package func addVersion(_ version: StoredVersion, _ event: EventEntry) async throws {
        try await write { db in
            let other = try Self.version(version.version, db) ?? Self.version(ofManifest: version.digest, db)
            if let other { throw VersionError.taken(other.version, other.digest) }
            try Self.store(version, db)
            try Self.forget(version.digest, db)
            try EventRows.store(db, event)
        }
    }

    package func changeVersion(
        _ name: VersionName, _ change: @escaping @Sendable (inout StoredVersion) throws -> EventEntry?
    ) async throws -> StoredVersion? {
        try await write { db in
            guard var version = try Self.version(name, db) else { return nil }
            if let event = try change(&version) {
                try Self.store(version, db)
                try EventRows.store(db, event)
            }
            return version
        }
    }

    package func removeVersion(_ version: StoredVersion, _ event: EventEntry) async throws {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM version WHERE digest = ?", arguments: [version.digest.description])
            try Self.store(RemovableManifest(digest: version.digest, version: version.version), db)
            try EventRows.store(db, event)
        }
    }

    // MARK: Manifests

    package func removableManifests() async throws -> [RemovableManifest] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM removableManifest ORDER BY digest").map { row in
                RemovableManifest(digest: try Self.digest(row["digest"]), version: Self.name(row))
            }
        }
    }

    package func addRemovableManifest(_ manifest: RemovableManifest) async throws {
        try await write { db in try Self.store(manifest, db) }
    }

    package func forgetRemovableManifest(_ digest: ContentDigest) async throws {
        try await write { db in try Self.forget(digest, db) }
    }

    private static func store(_ manifest: RemovableManifest, _ db: Database) throws {
        let version = manifest.version
        try db.execute(
            sql: "INSERT OR REPLACE INTO removableManifest (digest, type, name, variant) VALUES (?, ?, ?, ?)",
            arguments: [manifest.digest.description, version.type, version.name, version.variant])
    }

    private static func forget(_ digest: ContentDigest, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM removableManifest WHERE digest = ?", arguments: [digest.description])
    }

    // MARK: Contents

    package func blobs(_ digests: [ContentDigest]) async throws -> [ContentDigest: StoredBlob] {
        try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT * FROM blob WHERE digest = ?")
            return try digests.reduce(into: [:]) { found, digest in
                guard let row = try Row.fetchOne(statement, arguments: [digest.description]) else { return }
                let blob = Blob(
                    digest: digest, size: row["size"], compressedSize: row["compressedSize"],
                    compressedDigest: try Self.digest(row["compressedDigest"]))
                found[digest] = StoredBlob(blob: blob, touchedAt: row["touchedAt"])
            }
        }
    }

    package func blobs(touchedSince time: String, orNot isBefore: Bool) async throws -> Set<ContentDigest> {
        try await read { db in
            let sql = "SELECT digest FROM blob WHERE touchedAt \(isBefore ? "<" : ">=") ?"
            return Set(try String.fetchAll(db, sql: sql, arguments: [time]).map(Self.digest))
        }
    }

    package func recordBlob(_ blob: StoredBlob) async throws {
        try await write { db in
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO blob (digest, size, compressedSize, compressedDigest, touchedAt)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    blob.blob.digest.description, blob.blob.size, blob.blob.compressedSize,
                    blob.blob.compressedDigest.description, blob.touchedAt,
                ])
        }
    }

    package func touchBlobs(_ digests: [ContentDigest], at time: String) async throws {
        try await write { db in
            let statement = try db.cachedStatement(sql: "UPDATE blob SET touchedAt = ? WHERE digest = ?")
            for digest in digests { try statement.execute(arguments: [time, digest.description]) }
        }
    }

    package func forgetBlobs(_ digests: [ContentDigest]) async throws {
        try await write { db in
            let statement = try db.cachedStatement(sql: "DELETE FROM blob WHERE digest = ?")
            for digest in digests { try statement.execute(arguments: [digest.description]) }
        }
    }

    // MARK: Rows

    private static func version(_ name: VersionName, _ db: Database) throws -> StoredVersion? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM version WHERE type = ? AND name = ? AND variant = ?",
            arguments: [name.type, name.name, name.variant]
        ).map(version)
    }

    private static func version(ofManifest digest: ContentDigest, _ db: Database) throws -> StoredVersion? {
        try Row.fetchOne(db, sql: "SELECT * FROM version WHERE digest = ?", arguments: [digest.description])
            .map(version)
    }

    private static func version(_ row: Row) throws -> StoredVersion {
        let signatures: Data = row["signatures"]
        var version = StoredVersion(
            version: name(row), digest: try digest(row["digest"]), files: row["files"], size: row["size"],
            compressedSize: row["compressedSize"], signatures: try ManifestSignatures(reading: Array(signatures)),
            createdAt: row["createdAt"], createdBy: row["createdBy"])
        // A mark of a newer version of ADMIN says nothing here.
        version.mark = ServiceVersion.Mark(rawValue: row["mark"]) ?? .untested
        version.reason = row["reason"]
        version.markedAt = row["markedAt"]
        version.markedBy = row["markedBy"]
        return version
    }

    private static func name(_ row: Row) -> VersionName {
        VersionName(type: row["type"], name: row["name"], variant: row["variant"])
    }

    private static func digest(_ text: String) throws -> ContentDigest {
        guard let digest = ContentDigest(text) else {
            throw RegistryError.unavailable("the database has a digest that is none: \(text.shownName())")
        }
        return digest
    }

    private static func store(_ version: StoredVersion, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO version
                    (type, name, variant, digest, files, size, compressedSize, signatures, mark, reason, createdAt,
                     createdBy, markedAt, markedBy)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                version.version.type, version.version.name, version.version.variant, version.digest.description,
                version.files, version.size, version.compressedSize, Data(version.signatures.bytes),
                version.mark.rawValue, version.reason, version.createdAt, version.createdBy, version.markedAt,
                version.markedBy,
            ])
    }
}
