import AdminAPI
import Foundation
import GRDB
import JSON

/// The rows of crashes: groups, what is counted in them, and reports.
enum CrashRows {
    /// `seenAt` of a report is bounded by the time at which it came; its text may have any character, NUL too. Empty texts of a tally: what is not counted singly.
    static let tables = """
        CREATE TABLE crashGroup (
            fingerprint TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            signal INTEGER,
            function TEXT,
            lastSeen TEXT NOT NULL,
            touchedAt TEXT NOT NULL,
            bytes INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE crashTally (
            fingerprint TEXT NOT NULL REFERENCES crashGroup (fingerprint) ON DELETE CASCADE,
            type TEXT NOT NULL,
            service TEXT NOT NULL,
            server TEXT NOT NULL,
            digest TEXT NOT NULL,
            count INTEGER NOT NULL,
            firstSeen TEXT NOT NULL,
            lastSeen TEXT NOT NULL,
            lastReport TEXT NOT NULL,
            lastService TEXT NOT NULL,
            lastServer TEXT NOT NULL,
            lastDigest TEXT,
            lastName TEXT,
            lastVariant TEXT,
            PRIMARY KEY (fingerprint, type, service, server, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX crashTallyByService ON crashTally (service);
        CREATE TABLE crash (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            fingerprint TEXT NOT NULL REFERENCES crashGroup (fingerprint) ON DELETE CASCADE,
            ownFingerprint TEXT NOT NULL,
            service TEXT NOT NULL,
            server TEXT NOT NULL,
            digest TEXT,
            name TEXT,
            variant TEXT,
            worker INTEGER NOT NULL,
            pid INTEGER NOT NULL,
            at TEXT NOT NULL,
            seenAt TEXT NOT NULL,
            receivedAt TEXT NOT NULL,
            kind TEXT NOT NULL,
            signal INTEGER,
            exitCode INTEGER,
            program TEXT NOT NULL,
            frames TEXT NOT NULL,
            threads INTEGER,
            text BLOB NOT NULL,
            dumpSize INTEGER NOT NULL,
            problem TEXT,
            size INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX crashByGroup ON crash (fingerprint, number, size);
        CREATE INDEX crashByService ON crash (service, seenAt);
        CREATE INDEX crashByAge ON crash (receivedAt);
        CREATE TABLE crashLoop (service TEXT NOT NULL PRIMARY KEY, toldAt TEXT NOT NULL) STRICT, WITHOUT ROWID;

        """

    /// The columns of a report without its text.
    static let members = """
        id, fingerprint, ownFingerprint, service, server, digest, name, variant, worker, pid, at, seenAt, receivedAt, kind,
        signal, exitCode, program, frames, threads, dumpSize, problem
        """

    // MARK: Keeping

    static func keep(
        _ db: Database, _ given: StoredCrash, _ limits: CrashLimits,
        _ following: (StoredCrash, CrashStanding) -> CrashNews
    ) throws -> CrashKeeping {
        if let row = try Row.fetchOne(
            db, sql: "SELECT fingerprint, server FROM crash WHERE id = ?", arguments: [given.report.id])
        {
            return .known(group: row["fingerprint"], server: row["server"])
        }
        let (crash, lastSeen) = try grouped(db, given, limits)
        if lastSeen == nil { try insert(db, CrashGroupHead(crash)) }
        try count(db, crash, limits)
        try insert(db, crash)
        try db.execute(
            sql: """
                UPDATE crashGroup SET lastSeen = max(lastSeen, ?), touchedAt = ?, bytes = bytes + ? WHERE fingerprint = ?
                """, arguments: [crash.seenAt, crash.receivedAt, crash.size, crash.group])
        try dropBeyond(db, limits, in: crash.group)
        let news = following(crash, try standing(db, of: crash, lastSeen: lastSeen))
        try write(db, news, of: crash)
        return .kept(group: crash.group, news)
    }

    /// The crash in its group, and when that was last seen; `nil`: it is new.
    private static func grouped(
        _ db: Database, _ crash: StoredCrash, _ limits: CrashLimits
    ) throws -> (crash: StoredCrash, lastSeen: String?) {
        func lastSeen(_ fingerprint: String) throws -> String? {
            try String.fetchOne(
                db, sql: "SELECT lastSeen FROM crashGroup WHERE fingerprint = ?", arguments: [fingerprint])
        }
        if let seen = try lastSeen(crash.group) { return (crash, seen) }
        guard try Int.fetchOne(db, sql: "SELECT count(*) FROM crashGroup") ?? 0 >= limits.groups else {
            return (crash, nil)
        }
        var crash = crash
        crash.group = CrashGroup.others
        return (crash, try lastSeen(crash.group))
    }

    private static func insert(_ db: Database, _ head: CrashGroupHead) throws {
        try db.execute(
            sql: """
                INSERT INTO crashGroup (fingerprint, kind, signal, function, lastSeen, touchedAt, bytes)
                VALUES (?, ?, ?, ?, ?, ?, 0)
                """,
            arguments: [
                head.fingerprint, head.kind.rawValue, head.signal, head.function, head.lastSeen, head.touchedAt,
            ])
    }

    private static func count(_ db: Database, _ crash: StoredCrash, _ limits: CrashLimits) throws {
        let single = crash.tally(isSingle: true)
        if var known = try tally(db, of: crash.group, single.key) {
            known.add(single)
            return try store(db, known, of: crash.group)
        }
        let tallies = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM crashTally WHERE fingerprint = ?", arguments: [crash.group])
        guard tallies ?? 0 >= limits.tallies else { return try store(db, single, of: crash.group) }
        let common = crash.tally(isSingle: false)
        var known = try tally(db, of: crash.group, common.key)
        known?.add(common)
        try store(db, known ?? common, of: crash.group)
    }

    private static func tally(
        _ db: Database, of fingerprint: String, _ key: StoredTally.Key
    ) throws -> StoredTally? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT * FROM crashTally
                WHERE fingerprint = ? AND type = ? AND service = ? AND server = ? AND digest = ?
                """, arguments: [fingerprint, key.type, key.service, key.server, key.digest]
        ).map(StoredTally.init)
    }

    private static func store(_ db: Database, _ tally: StoredTally, of fingerprint: String) throws {
        let (key, version) = (tally.key, tally.lastVersion)
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO crashTally
                    (fingerprint, type, service, server, digest, count, firstSeen, lastSeen, lastReport, lastService,
                     lastServer, lastDigest, lastName, lastVariant)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                fingerprint, key.type, key.service, key.server, key.digest, tally.count, tally.firstSeen,
                tally.lastSeen, tally.lastReport, tally.lastService, tally.lastServer, version.digest, version.name,
                version.variant,
            ])
    }

    private static func insert(_ db: Database, _ crash: StoredCrash) throws {
        let (report, version) = (crash.report, crash.version)
        try db.execute(
            sql: """
                INSERT INTO crash
                    (id, fingerprint, ownFingerprint, service, server, digest, name, variant, worker, pid, at, seenAt,
                     receivedAt, kind, signal, exitCode, program, frames, threads, text, dumpSize, problem, size)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                report.id, crash.group, report.fingerprint, report.service, crash.server, version.digest, version.name,
                version.variant, report.worker, report.pid, report.at, crash.seenAt, crash.receivedAt,
                report.kind.rawValue, report.signal, report.exitCode, report.program,
                Form<[CrashFrame]>.frames.write(report.frames).description, report.threads, Data(report.text.utf8),
                report.dumpSize, report.problem, crash.size,
            ])
    }

    /// Drops the oldest reports of a group, and then of all, that are beyond the limits.
    private static func dropBeyond(_ db: Database, _ limits: CrashLimits, in fingerprint: String) throws {
        try drop(
            db,
            try Row.fetchAll(
                db,
                sql: """
                    SELECT number, fingerprint, size FROM crash WHERE fingerprint = ?
                    ORDER BY number DESC LIMIT -1 OFFSET ?
                    """, arguments: [fingerprint, limits.reports]))
        while try Int.fetchOne(db, sql: "SELECT sum(bytes) FROM crashGroup") ?? 0 > limits.bytes {
            let oldest = try Row.fetchAll(
                db, sql: "SELECT number, fingerprint, size FROM crash ORDER BY number LIMIT 10")
            // The newest of all stays.
            guard oldest.count > 1 else { return }
            try drop(db, oldest.count < 10 ? oldest.dropLast() : oldest[...])
        }
    }

    private static func drop(_ db: Database, _ rows: some Sequence<Row>) throws {
        for row in rows {
            let (number, fingerprint, size): (Int, String, Int) = (row["number"], row["fingerprint"], row["size"])
            try db.execute(sql: "DELETE FROM crash WHERE number = ?", arguments: [number])
            try db.execute(
                sql: "UPDATE crashGroup SET bytes = bytes - ? WHERE fingerprint = ?", arguments: [size, fingerprint])
        }
    }

    private static func standing(
        _ db: Database, of crash: StoredCrash, lastSeen: String?
    ) throws -> CrashStanding {
        let recent = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM crash WHERE service = ? AND seenAt > ? AND seenAt <= ?",
            arguments: [crash.report.service, CrashNews.loopStart(before: crash.seenAt), crash.seenAt])
        return CrashStanding(
            lastSeen: lastSeen, recent: recent ?? 1,
            loopToldAt: try String.fetchOne(
                db, sql: "SELECT toldAt FROM crashLoop WHERE service = ?", arguments: [crash.report.service]))
    }

    private static func write(_ db: Database, _ news: CrashNews, of crash: StoredCrash) throws {
        if let event = news.event { try EventRows.store(db, event) }
        if news.isLoop {
            try db.execute(
                sql: "INSERT OR REPLACE INTO crashLoop (service, toldAt) VALUES (?, ?)",
                arguments: [crash.report.service, crash.seenAt])
        }
        guard !news.notices.isEmpty else { return }
        let generation = try CommitRows.newest(db).generation
        for notice in news.notices {
            try NoticeRows.insert(db, StoredNotice(notice, generation: generation, time: crash.receivedAt))
        }
    }

    // MARK: Pruning

    static func prune(_ db: Database, before time: String, step: Int) throws -> Int {
        let old = try Row.fetchAll(
            db,
            sql: """
                SELECT number, fingerprint, size FROM crash WHERE receivedAt < ? ORDER BY receivedAt LIMIT ?
                """, arguments: [time, step])
        try drop(db, old)
        try db.execute(sql: "DELETE FROM crashLoop WHERE toldAt < ?", arguments: [time])
        guard old.count < step else { return old.count }
        try db.execute(sql: "DELETE FROM crashGroup WHERE touchedAt < ?", arguments: [time])
        return old.count + db.changesCount
    }
}
