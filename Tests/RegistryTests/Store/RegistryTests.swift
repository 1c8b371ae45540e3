import AdminAPI
import Cloud
import Foundation
import GRDB
import Names
import NetworkTypes
import RegistryTestSupport
import ServicesExport
import TestSupport
import Testing

@testable import Registry

@Suite("Registry") struct RegistryTests {
    private static func path(_ folder: URL) -> String { folder.appending(path: "registry.sqlite").path }

    /// What a test throws in the middle of a write.
    private struct Death: Error {}

    /// A type with one section, whose ports are under a mark for each protocol.
    private static let tg = """
        type: tg
        gateway:
          - name: devices
            address: tg-ip
            fwm:
              ports: 20000-29999
              protocols: [tcp, udp]

        """

    /// Location, pool, server, type and one service.
    private static func seed(_ registry: Registry) async throws {
        _ = try await registry.write(by: "test", dryRun: false) { cloud, _ in
            cloud.locations["tcn"] = Location(name: "tcn", description: "Groningen")
            let addresses = ["198.51.100.37", "2001:db8::37"].compactMap { IPAddress($0) }
            let pool = AddressPool(location: "tcn", name: "tg-ip", addresses: addresses)
            cloud.pools[pool.id] = pool
            cloud.servers["app1"] = Server(
                name: "app1", location: "tcn", kind: .app,
                addresses: ["10.1.0.11", "fd00::11"].compactMap { IPAddress($0) })
            cloud.types["tg"] = try ServiceType.read(source: Self.tg, name: "tg")
            cloud.services["tg.1"] = ServiceInstance(type: "tg", index: 1, server: "app1", state: .drain, weight: 7)
        }
    }

    private static func type(_ name: String, section: String = "devices", port: Int) throws -> ServiceType {
        let source = Self.tg.replacing("type: tg", with: "type: \(name)").replacing(
            "name: devices", with: "name: \(section)"
        )
        .replacing("20000-29999", with: "\(port)").replacing("[tcp, udp]", with: "tcp")
        return try ServiceType.read(source: source, name: name)
    }

    @Test("what was written is there after the database is opened again, byte for byte")
    func reopen() async throws {
        try await withTemporaryFolder { folder in
            let before: RegistryState
            do {
                let registry = try Registry(path: Self.path(folder))
                try await Self.seed(registry)
                before = try await registry.state()
                try registry.close()
            }
            let after = try await Registry(path: Self.path(folder)).state()
            #expect(after.generation == before.generation)
            #expect(CloudDifference(from: before.cloud, to: after.cloud).isEmpty)
            #expect(after.cloud.marks == before.cloud.marks)
            #expect(after.revisions == before.revisions)
            #expect(after.exports.tags == before.exports.tags)
            #expect(after.exports.byLocation["tcn"]?.rows.count == 4)
        }
    }

    @Test("the database is durable: WAL, synchronous FULL, foreign keys on")
    func pragmas() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            let pragmas = try await registry.database.write { db in
                (
                    try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                    try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                    try Int.fetchOne(db, sql: "PRAGMA foreign_keys")
                )
            }
            #expect(pragmas == ("wal", 2, 1))
        }
    }

    @Test("foreign keys refuse a row whose target is gone, at the end of the transaction")
    func foreignKeys() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            try await Self.seed(registry)
            for sql in [
                "DELETE FROM location", "DELETE FROM server", "DELETE FROM type", "UPDATE type SET revision = 9",
                "INSERT INTO pool VALUES ('ams', 'p')",
                "INSERT INTO service (type, number, server, state) VALUES ('no', 1, 'app1', 'ready')",
            ] {
                await #expect(throws: DatabaseError.self, "\(sql)") {
                    try await registry.database.write { db in try db.execute(sql: sql) }
                }
            }
            #expect(
                try await registry.database.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM server") } == 1
            )
        }
    }

    @Test("a database of a newer version is refused by name, a file that is none too")
    func foreignFiles() async throws {
        try await withTemporaryFolder { folder in
            let path = Self.path(folder)
            try await Registry(path: path).database.write { db in
                try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('999 of the future')")
            }
            #expect(throws: RegistryError.unavailable("\(path) was written by a newer version of ADMIN")) {
                try Registry(path: path)
            }
            let text = folder.appending(path: "text").path
            try String(repeating: "no database ", count: 100).write(toFile: text, atomically: true, encoding: .utf8)
            #expect { try Registry(path: text) } throws: { "\($0)".contains("text: the database is damaged") }
        }
    }

    @Test("each migration can be taken from the one before, with its data")
    func migrations() async throws {
        try await withTemporaryFolder { folder in
            let path = Self.path(folder)
            do {
                let pool = try DatabasePool(path: path)
                try SQLiteMigrations.migrator.migrate(pool, upTo: "1 cloud")
                try await pool.write { db in try db.execute(sql: "INSERT INTO location (name) VALUES ('tcn')") }
                try SQLiteMigrations.migrator.migrate(pool, upTo: "2 history, tokens, gateways")
                try await pool.write { db in
                    try db.execute(
                        sql: """
                            INSERT INTO gateway (location, name, role, applied, since, lastPoll)
                            VALUES ('tcn', 'gw1', 'active', '"a"', '2026-11-23T01:00:00.000Z', '2026-11-23T01:02:00.000Z')
                            """)
                }
                try SQLiteMigrations.migrator.migrate(pool, upTo: "3 exports held back")
                try await pool.write { db in
                    try db.execute(
                        sql: """
                            INSERT INTO event (id, time, actor, action, kind, name)
                            VALUES (41, '2026-11-23T01:00:00.000Z', 'ops', 'create', 'location', 'tcn');
                            INSERT INTO mark (type, section, mark) VALUES ('tg', 'devices', 300)
                            """)
                }
                try SQLiteMigrations.migrator.migrate(pool, upTo: "4 events of tokens and gateways, age of marks")
                try await pool.write { db in
                    try db.execute(
                        sql: """
                            INSERT INTO token (name, role, hash, createdAt)
                            VALUES ('gw1', 'gateway', x'00', '2026-11-23T01:00:00.000Z')
                            """)
                }
                try SQLiteMigrations.migrator.migrate(pool, upTo: "16 events of health")
                try await pool.write { db in
                    try db.execute(
                        sql: """
                            INSERT INTO event (id, time, actor, action, kind, name)
                            VALUES (42, '2026-11-23T01:00:00.000Z', 'gw', 'update', 'health', 'tcn/gw1');
                            INSERT INTO event (id, time, actor, action, kind, name)
                            VALUES (50, '2026-11-23T01:00:00.000Z', 'gw', 'update', 'health', 'tcn/gw1');
                            DELETE FROM event WHERE id = 50
                            """)
                }
                try SQLiteMigrations.migrator.migrate(
                    pool, upTo: "23 moves of services, jobs after others, actions at intervals")
                try await pool.write { db in
                    try db.execute(
                        sql: """
                            INSERT INTO job
                                (id, number, service, server, kind, version, name, arguments, createdBy, createdAt,
                                 deadline, outcome, endedAt, output, after)
                            VALUES ('7-0000000a', 7, 'tg.1', 'app1', 'action', 'd', 'backup', 'a', 'ops', 'x', 'y',
                                    'failed', 'z', 'text', '6-0000000a')
                            """)
                }
                try pool.close()
            }
            let registry = try Registry(path: path)
            let job = try #require(try await registry.state().cloud.jobs["7-0000000a"])
            #expect("\(job)" == "backup of tg.1 on app1" && job.serviceWork?.arguments == ["a"])
            #expect(job.end?.output == "text" && job.after == "6-0000000a")
            #expect(try await registry.tokens.list().map(\.name) == ["gw1"])
            #expect(try await registry.tokens.list().first?.service == nil)
            #expect(try await registry.state().cloud.locations["tcn"] == Location(name: "tcn"))
            _ = try await registry.tokens.add(name: "ops", role: .admin)
            let events = try await registry.events(after: 0, limit: 10).page.events
            #expect(events.map(\.id) == [41, 42, 43] && events.map(\.kind) == [.location, .health, .token])
            #expect(
                try await registry.marks() == [
                    MarkResource(mark: 300, type: "tg", section: "devices", since: nil, inUse: false)
                ])
            let roster = GatewayRoster(registry: registry, logger: RecordedLog().logger)
            let gateway = try await roster.resources(in: try await registry.state()).first
            #expect(gateway?.applied == "\"a\"" && gateway?.since == "2026-11-23T01:00:00.000Z")
            #expect(gateway?.held == nil && gateway?.failures == nil)
        }
    }

    @Test("a registry from before UDP had marks gives them when it is opened; what sections had they keep")
    func datagramMarks() async throws {
        try await withTemporaryFolder { folder in
            let path = Self.path(folder)
            let source =
                "type: tg\ngateway:\n  - {name: devices, address: tg-ip, fwm: {ports: 20000-29999, protocols: [tcp, udp]}}\n"
            do {
                let pool = try DatabasePool(path: path)
                try SQLiteMigrations.migrator.migrate(pool, upTo: "5 service tokens, secrets, labels of servers")
                try await pool.write { db in
                    try db.execute(
                        sql:
                            "INSERT INTO typeRevision (type, revision, source, changedBy, changedAt) VALUES ('tg', 1, ?, 'ops', '2026-11-23T01:00:00.000Z')",
                        arguments: [source])
                    try db.execute(
                        sql: """
                            INSERT INTO location (name) VALUES ('tcn');
                            INSERT INTO pool (location, name) VALUES ('tcn', 'tg-ip');
                            INSERT INTO poolAddress (location, pool, address) VALUES ('tcn', 'tg-ip', '198.51.100.37');
                            INSERT INTO server (name, location, kind) VALUES ('app1', 'tcn', 'app');
                            INSERT INTO serverAddress (server, family, address) VALUES ('app1', 4, '10.1.0.11');
                            INSERT INTO type (name, revision) VALUES ('tg', 1);
                            INSERT INTO service (type, number, server, state) VALUES ('tg', 1, 'app1', 'ready');
                            INSERT INTO mark (type, section, mark, since)
                            VALUES ('tg', 'devices', 300, '2026-11-23T01:00:00.000Z')
                            """)
                }
                try pool.close()
            }
            for _ in 0..<2 {
                let registry = try Registry(path: path)
                let state = try await registry.state()
                #expect(state.generation == 2)
                #expect(
                    state.cloud.exportRows(location: "tcn").map { "\($0.transport) \($0.mark ?? 0)" }.sorted() == [
                        "tcp 300", "udp 256",
                    ])
                let marks = try await registry.marks()
                #expect(marks.map(\.transport) == ["udp", nil] && marks.map(\.mark) == [256, 300])
                #expect(marks[1].since == "2026-11-23T01:00:00.000Z" && marks.allSatisfy(\.inUse))
                try registry.close()
            }
        }
    }

    @Test("a mark stays with its section while the section is gone, and is given to no other")
    func stableMarks() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            func mark(_ type: String) async throws -> UInt32? {
                try await registry.state().cloud.marks[MarkID(SectionID(type: type, section: "devices"))]
            }
            _ = try await registry.write(by: "t", dryRun: false) { cloud, _ in
                cloud.types["a"] = try Self.type("a", port: 1001)
                cloud.types["b"] = try Self.type("b", port: 1002)
            }
            let first = (try await mark("a"), try await mark("b"))
            #expect(first == (256, 257))
            _ = try await registry.write(by: "t", dryRun: false) { cloud, _ in cloud.types["a"] = nil }
            _ = try await registry.write(by: "t", dryRun: false) { cloud, _ in
                cloud.types["c"] = try Self.type("c", port: 1003)
            }
            #expect(try await mark("c") == 258)
            try registry.close()
            let reopened = try Registry(path: Self.path(folder))
            _ = try await reopened.write(by: "t", dryRun: false) { cloud, _ in
                cloud.types["a"] = try Self.type("a", port: 1001)
            }
            #expect(try await reopened.state().cloud.marks[MarkID(SectionID(type: "a", section: "devices"))] == 256)
        }
    }

    @Test("a disk that is full while the -shm file grows is told as full, other errors of the disk are not")
    func fullForSharedMemory() {
        func text(_ code: ResultCode) -> String { SQLiteError.text(of: DatabaseError(resultCode: code)) }
        #expect(text(.SQLITE_IOERR_SHMSIZE).hasPrefix("the disk is full (SQLite 4874"))
        #expect(text(.SQLITE_IOERR_READ).hasPrefix("the disk answers with errors (SQLite 266"))
    }

    @Test("two sections may swap their explicit marks in one write")
    func swappedMarks() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            func types(_ a: Int, _ b: Int) throws -> [ServiceType] {
                try [("a", 1001, a), ("b", 1002, b)].map { name, port, mark in
                    let source = try Self.type(name, port: port).source.replacing(
                        "protocols: tcp", with: "protocols: tcp\n      mark: \(mark)")
                    return try ServiceType.read(source: source, name: name)
                }
            }
            for marks in [(300, 301), (301, 300)] {
                let wanted = try types(marks.0, marks.1)
                _ = try await registry.write(by: "t", dryRun: false) { cloud, _ in
                    for type in wanted { cloud.types[type.name] = type }
                }
            }
            #expect(
                try await registry.database.read { db in
                    try Int.fetchAll(db, sql: "SELECT mark FROM mark ORDER BY type")
                }
                    == [301, 300])
        }
    }

    @Test("events tell who changed what, in order, and are read by pages")
    func events() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            try await Self.seed(registry)
            _ = try await registry.write(by: "alice", dryRun: false) { cloud, _ in
                cloud.services["tg.1"]?.state = .maint
            }
            let first = try await registry.events(after: 0, limit: 4)
            #expect(first.page.events.map(\.kind) == [.location, .pool, .server, .type])
            #expect(first.hasMore)
            let second = try await registry.events(after: 4, limit: 4)
            #expect(second.page.events.map(\.name) == ["tg.1", "tg.1"])
            #expect(!second.hasMore)
            #expect(second.page.events.last?.actor == "alice")
            #expect(second.page.events.last?.before == "drain on app1, weight 7")
            #expect(second.page.events.last?.after == "maint on app1, weight 7")
        }
    }

    @Test("a process that dies in the middle of a write leaves the state before it")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            try await Self.seed(registry)
            let crash = folder.appending(path: "crash")
            try FileManager.default.createDirectory(at: crash, withIntermediateDirectories: true)
            // What the disk holds at the moment of death: the files as they are before the commit.
            await #expect(throws: Death.self) {
                try await registry.database.write { db in
                    try db.execute(sql: "PRAGMA cache_spill = 1; PRAGMA cache_size = 1")
                    try db.execute(sql: "UPDATE service SET state = 'ready', weight = 1")
                    try db.execute(sql: "UPDATE registry SET generation = generation + 1")
                    for number in 2...2000 {
                        try db.execute(
                            sql: "INSERT INTO service (type, number, server, state) VALUES ('tg', ?, 'app1', 'ready')",
                            arguments: [number])
                    }
                    for file in ["registry.sqlite", "registry.sqlite-wal"] {
                        try FileManager.default.copyItem(
                            at: folder.appending(path: file), to: crash.appending(path: file))
                    }
                    throw Death()
                }
            }
            let survivor = try Registry(path: Self.path(crash))
            let state = try await survivor.state()
            #expect(state.cloud.services.count == 1)
            #expect(state.cloud.services["tg.1"]?.state == .drain)
            let check = try await survivor.database.read { db in try String.fetchOne(db, sql: "PRAGMA integrity_check")
            }
            #expect(check == "ok")
        }
    }

    @Test("a full disk is told as such, and nothing half-written stays")
    func diskFull() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            try await Self.seed(registry)
            let before = try await registry.state()
            try await registry.database.writeWithoutTransaction { db in
                let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
                try db.execute(sql: "PRAGMA max_page_count = \(pages)")
            }
            await #expect {
                _ = try await registry.write(by: "t", dryRun: false) { cloud, _ in
                    for number in 1...5000 {
                        let name = "location-\(number)"
                        cloud.locations[name] = Location(name: name, description: "a description that takes some room")
                    }
                }
            } throws: { "\($0)".hasPrefix("the disk is full (SQLite 13") }
            let after = try await registry.state()
            #expect(after.generation == before.generation)
            #expect(after.cloud.locations.count == 1)
            #expect(try await registry.events(after: 0, limit: 1000).page.events.count == 5)
            try await registry.database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA max_page_count = 1000000")
            }
            _ = try await registry.write(by: "t", dryRun: false) { cloud, _ in cloud.services["tg.1"]?.state = .ready }
            #expect(try await registry.state().generation == before.generation + 1)
        }
    }

    @Test("a database locked by another process is unavailable, not a hang")
    func locked() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: Self.path(folder), configuration: configuration)
            try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
            await #expect {
                _ = try await registry.write(by: "t", dryRun: false) { cloud, _ in
                    cloud.locations["x"] = Location(name: "x")
                }
            } throws: { "\($0)".hasPrefix("the database is locked by another process") }
            try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
            #expect(try await registry.state().cloud.locations.isEmpty)
        }
    }

    @Test("concurrent writers lose nothing")
    func concurrentWrites() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        _ = try await registry.write(by: "t", dryRun: false) { cloud, _ in
                            cloud.locations["l\(number)"] = Location(name: "l\(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let state = try await registry.state()
            #expect(state.cloud.locations.count == 40)
            #expect(state.generation == 41)
            #expect(
                CloudDifference(from: state.cloud, to: try await Registry(path: Self.path(folder)).state().cloud)
                    .isEmpty)
        }
    }

    @Test("tokens are kept as hashes, found by their secret, named once")
    func tokens() async throws {
        try await withTemporaryFolder { folder in
            let registry = try Registry(path: Self.path(folder))
            #expect(try await registry.tokens.isEmpty())
            let secret = try await registry.tokens.add(name: "gw", role: .gateway)
            #expect(try await registry.tokens.look(for: Data(BearerToken(secret).hash)).record?.role == .gateway)
            #expect(try await registry.tokens.look(for: Data(BearerToken(secret + "x").hash)).record == nil)
            await #expect(throws: ChangeError.exists("token gw")) {
                try await registry.tokens.add(name: "gw", role: .read)
            }
            await #expect(throws: ChangeError.self) { try await registry.tokens.add(name: "G W", role: .read) }
            await #expect(throws: ChangeError.missing("token no")) { try await registry.tokens.remove(name: "no") }
            #expect(try await registry.tokens.list().map(\.name) == ["gw"])
            try registry.close()
            let bytes = try Data(contentsOf: URL(filePath: Self.path(folder)))
            #expect(bytes.range(of: Data(secret.utf8)) == nil)
        }
    }
}
