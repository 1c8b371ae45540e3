import AdminAPI
import Cloud
import Foundation
import GRDB
import RegistryTestSupport
import ServiceSupport
import TestSupport
import Testing

@testable import Registry

@Suite("The registry's file over the years") struct RegistryUpkeepTests {
    private func withRegistry(_ body: (Registry) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try await body(try Registry(path: folder.appending(path: "registry.sqlite").path, now: TestClock().now))
        }
    }

    private func write(_ registry: Registry, _ location: String) async throws {
        _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
            cloud.locations[location] = Location(name: location, description: "x")
        }
    }

    @Test("the write-ahead log that a long reader let grow is cut when it is gone, and nobody waits before")
    func log() async throws {
        try await withRegistry { registry in
            let reader = try registry.database.makeSnapshot()
            _ = try await reader.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM event") }
            let text = String(repeating: "x", count: 100_000)
            for _ in 0..<100 {
                try await registry.sqlite.write { db in
                    try EventRows.store(db, EventEntry(.create, .location, "x", after: text, by: "ops", at: ""))
                }
            }
            #expect(registry.sqlite.logSize > SQLiteStore.longestLog)
            let start = ContinuousClock.now
            try await registry.sqlite.maintain()
            #expect(.now - start < .seconds(2) && registry.sqlite.logSize > SQLiteStore.longestLog)
            try reader.close()
            try await registry.sqlite.maintain()
            #expect(registry.sqlite.logSize == 0)
            try await write(registry, "tcn")
        }
    }

    @Test("events beyond the retention go, the oldest first, and ids go on")
    func events() async throws {
        try await withRegistry { registry in
            for number in 0..<25 { try await write(registry, "l\(number)") }
            let gone = try await registry.prune(Retention(events: 10, revisions: 10), step: 4)
            #expect(gone.events == 15 && gone.revisions == 0)
            let page = try await registry.events(after: 0, limit: 100).page
            #expect(page.events.map(\.id) == Array(16...25))
            try await write(registry, "new")
            #expect(try await registry.events(after: 25, limit: 100).page.events.map(\.id) == [26])
            #expect(try await registry.prune(Retention(events: 1_000), step: 4) == (0, 0))
        }
    }

    @Test("superseded revisions beyond the retention go, the oldest first, and never a current one")
    func revisions() async throws {
        try await withRegistry { registry in
            func write(_ type: String, _ version: Int) async throws {
                let type = try ServiceType.read(source: "# \(version)\ntype: \(type)\n", name: type)
                _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.types[type.name] = type }
            }
            try await write("old", 1)
            for version in 1...9 { try await write("tg", version) }
            try await write("gone", 1)
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.types["gone"] = nil }
            let gone = try await registry.prune(Retention(events: 100, revisions: 3), step: 2)
            #expect(gone.revisions == 6)
            #expect(try await registry.revisions(of: "old").map(\.number) == [1])
            #expect(try await registry.revisions(of: "tg").count + registry.revisions(of: "gone").count == 4)
            #expect(try await registry.revisions(of: "tg").first?.number == 9)
            let fresh = try Registry(path: registry.database.path)
            #expect(try await fresh.state().cloud.types.count == 2)
        }
    }

    @Test("superseded revisions beyond the bytes that are kept go, the oldest first, and never a current one")
    func revisionBytes() async throws {
        try await withRegistry { registry in
            func write(_ type: String, _ version: Int, padding: Int) async throws {
                let text = "# \(version) " + String(repeating: "é", count: padding / 2) + "\ntype: \(type)\n"
                let type = try ServiceType.read(source: text, name: type)
                _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.types[type.name] = type }
            }
            try await write("large", 1, padding: 500_000)
            for version in 1...9 { try await write("tg", version, padding: 100_000) }
            let gone = try await registry.prune(Retention(events: 100, revisions: 100, revisionBytes: 350_000), step: 2)
            #expect(gone.revisions == 5)
            #expect(try await registry.revisions(of: "tg").map(\.number) == [9, 8, 7, 6])
            #expect(try await registry.revisions(of: "large").map(\.number) == [1])
        }
    }

    @Test("a registry from before sizes were kept knows them after its upgrade")
    func sizes() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            let registry = try Registry(path: path)
            let type = try ServiceType.read(source: "# é\ntype: tg\n", name: "tg")
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in cloud.types[type.name] = type }
            try await registry.database.write { db in
                try db.execute(
                    sql: """
                        DELETE FROM grdb_migrations WHERE identifier LIKE '8 %';
                        DROP INDEX typeRevisionByAge;
                        ALTER TABLE typeRevision DROP COLUMN size;
                        """)
            }
            try registry.close()
            let upgraded = try Registry(path: path)
            let sizes = try await upgraded.database.read { db in
                try Int.fetchAll(db, sql: "SELECT size FROM typeRevision")
            }
            #expect(sizes == [type.source.utf8.count])
        }
    }

    @Test("a database of a newer version is left as it is")
    func newer() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            let registry = try Registry(path: path)
            try await registry.database.write { db in
                try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99 future')")
                try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier LIKE '7 %'")
            }
            try registry.close()
            let error = #expect(throws: RegistryError.self) { try Registry(path: path) }
            #expect("\(error as Any)".contains("newer version of ADMIN"))
        }
    }

    @Test("a state whose commit failed is not taken for that of the next one")
    func failedCommit() async throws {
        try await withRegistry { registry in
            try await registry.database.write { db in
                try db.execute(
                    sql: """
                        CREATE TRIGGER failing AFTER INSERT ON location WHEN NEW.name = 'bad'
                        BEGIN INSERT INTO server (name, location, kind) VALUES ('x', 'nowhere', 'app'); END
                        """)
            }
            await #expect(throws: RegistryError.self) { try await write(registry, "bad") }
            let other = try Registry(path: registry.database.path)
            try await write(other, "good")
            #expect(try await registry.state().cloud.locations.keys.sorted() == ["good"])
        }
    }

    @Test("a second server on one registry is told which process has it")
    func lock() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            do {
                let first = try RegistryLock(path)
                let error = #expect(throws: SettingsError.self) { try RegistryLock(path) }
                #expect(error?.message.contains("process \(getpid()) on ") == true, "\(error as Any)")
                withExtendedLifetime(first) {}
            }
            _ = try RegistryLock(path)
        }
    }

    @Test("work in the background that is cancelled, as when ADMIN stops, is not logged as a failure")
    func cancelled() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: folder.appending(path: "registry.sqlite").path)
            let log = RecordedLog()
            let upkeep = RegistryUpkeep(
                registry: registry, retention: Retention(events: 10, revisions: 10), logger: log.logger)
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await upkeep.run()
            }
            _ = await task.result
            #expect(log.notable.isEmpty, "\(log.notable)")
        }
    }

    @Test("a registry that is refused leaves no lock behind, and a lock's file that was there stays")
    func lockOfRefused() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            func refuse() { #expect(throws: SettingsError.self) { try lock().opening { throw SettingsError("no") } } }
            func lock() throws -> RegistryLock { try RegistryLock(path) }
            refuse()
            #expect(!FileManager.default.fileExists(atPath: path + ".lock"))
            _ = try lock()
            refuse()
            #expect(FileManager.default.fileExists(atPath: path + ".lock"))
            // One whose other name is locked.
            let (held, hard) = (try lock(), folder.appending(path: "hard").path)
            let registry = try Registry(path: path)
            try held.lockDatabase()
            try FileManager.default.linkItem(atPath: path, toPath: hard)
            #expect(throws: SettingsError.self) { try RegistryLock(hard) }
            #expect(!FileManager.default.fileExists(atPath: hard + ".lock"))
            withExtendedLifetime((held, registry)) {}
        }
    }

    @Test("a second server is refused by whatever name it finds the registry, and when the lock's file is gone")
    func lockByAnyName() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            let (symbolic, hard) = (folder.appending(path: "symbolic").path, folder.appending(path: "hard").path)
            let lock = try RegistryLock(path)
            let registry = try Registry(path: path)
            try lock.lockDatabase()
            try FileManager.default.createSymbolicLink(atPath: symbolic, withDestinationPath: path)
            try FileManager.default.linkItem(atPath: path, toPath: hard)
            let error = #expect(throws: SettingsError.self) { try RegistryLock(symbolic) }
            #expect(error?.message.contains("process \(getpid()) on ") == true, "\(error as Any)")
            #expect(throws: SettingsError.self) { try RegistryLock(hard) }
            try FileManager.default.removeItem(atPath: path + ".lock")
            #expect(throws: SettingsError.self) { try RegistryLock(path) }
            // The lock takes nothing from SQLite.
            try await write(registry, "tcn")
            withExtendedLifetime(lock) {}
        }
    }

    @Test("the file of a registry that was closed is whole without what is beside it")
    func closed() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            let registry = try Registry(path: path)
            // Whoever else has the file open keeps SQLite from moving the log at the last close.
            let other = try Registry(path: path)
            _ = try await other.state()
            try await write(registry, "tcn")
            try registry.close()
            let copy = folder.appending(path: "copy.sqlite").path
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            #expect(try await Registry(path: copy).state().cloud.locations.keys.sorted() == ["tcn"])
            withExtendedLifetime(other) {}
        }
    }

    @Test(
        "a number that cannot be counted on is an error when the registry is opened",
        arguments: [
            ("UPDATE registry SET generation = 9223372036854775807", "generations"),
            ("UPDATE registry SET tokenGeneration = 4611686018427387904", "token generations"),
            ("UPDATE registry SET generation = -1", "generations"),
            ("UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'event'", "events"),
        ])
    func counters(sql: String, name: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "registry.sqlite").path
            let registry = try Registry(path: path)
            try await write(registry, "tcn")
            try await registry.database.write { db in try db.execute(sql: sql) }
            try registry.close()
            let error = #expect(throws: RegistryError.self) { try Registry(path: path) }
            #expect(error.map { "\($0)".contains("the number of \(name) is beyond") } == true, "\(error as Any)")
        }
    }

    @Test("a clock that the parts of ADMIN cannot work with is an error")
    func clock() throws {
        for seconds in [0, 1_800_000_000, 9_214_646_399] as [Double] {
            try ClockRange.check(Date(timeIntervalSince1970: seconds))
        }
        for (seconds, text) in [(-1, "1969-12-31T23:59:59"), (9_214_646_400, "2262-01-01T00:00:00")]
            as [(Double, String)]
        {
            let error = #expect(throws: SettingsError.self) {
                try ClockRange.check(Date(timeIntervalSince1970: seconds))
            }
            #expect(error?.message.contains("clock shows \(text)") == true, "\(error as Any)")
        }
    }

    private static func key(_ byte: UInt8) -> SecretKey {
        SecretKey([UInt8](repeating: byte, count: SecretKey.size))!
    }

    @Test("every secret is tried with the key")
    func secrets() async throws {
        try await withRegistry { registry in
            let (ours, other) = (Self.key(7), Self.key(8))
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                for name in ["a", "b", "c"] {
                    cloud.secrets[name] = try (name == "a" ? ours : other).seal(
                        Array("x".utf8), name: name, revision: 1, by: "ops", at: "")
                }
            }
            let error = await #expect(throws: SettingsError.self) { try await registry.checkSecrets(ours) }
            #expect(error?.message.contains("b, c") == true, "\(error as Any)")
        }
    }
}
