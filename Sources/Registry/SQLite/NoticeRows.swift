import AdminAPI
import Cloud
import GRDB
import Names
import Text

/// The rows of the outbox, and of servers that are lost.
enum NoticeRows {
    static func store(_ db: Database, _ commit: CloudCommit) throws {
        for name in commit.before.lostServers.keys where commit.after.lostServers[name] == nil {
            try db.execute(sql: "DELETE FROM lostServer WHERE server = ?", arguments: [name])
        }
        for (name, lost) in commit.after.lostServers where commit.before.lostServers[name] != lost {
            try db.execute(
                sql: "INSERT OR REPLACE INTO lostServer (server, since, held) VALUES (?, ?, ?)",
                arguments: [name, lost.since, lost.isHeld])
        }
        for stored in commit.outbox { try insert(db, stored) }
    }

    /// Puts a notice into the outbox, by the next number.
    static func insert(_ db: Database, _ stored: StoredNotice) throws {
        let notice = stored.notice
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO notice
                    (generation, time, severity, subject, name, title, text, location, type, resolved, lasting)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            stored.generation, stored.time, notice.severity.rawValue, notice.subject.rawValue, notice.name,
            notice.title, notice.text, notice.location, notice.type, notice.isResolved, notice.isLasting,
        ])
    }

    static func lostServers(_ db: Database) throws -> [String: LostServer] {
        try Row.fetchAll(db, sql: "SELECT * FROM lostServer").reduce(into: [:]) { lost, row in
            lost[row["server"]] = LostServer(since: row["since"], isHeld: row["held"])
        }
    }

    /// Whether a notice lasts, and what channels remember.
    static let channelMemory = """
        ALTER TABLE notice ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0 CHECK (lasting IN (0, 1));
        ALTER TABLE noticeChannel ADD COLUMN memory TEXT;
        """

    static let members = "number, generation, time, severity, subject, name, title, location, type, resolved, lasting"
}

extension SQLiteStore {
    package func notices() async throws -> [StoredNotice] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT \(NoticeRows.members), '' AS text FROM notice ORDER BY number")
                .map(StoredNotice.init)
        }
    }

    package func notice(_ number: Int) async throws -> StoredNotice? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM notice WHERE number = ?", arguments: [number])
                .map(StoredNotice.init)
        }
    }

    package func notices(after number: Int, limit: Int) async throws -> [StoredNotice] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM notice WHERE number > ? ORDER BY number LIMIT ?", arguments: [number, limit]
            ).map(StoredNotice.init)
        }
    }

    package func noticeOutcomes(of number: Int?) async throws -> [NoticeOutcome] {
        try await read { db in
            let condition = number == nil ? "" : "WHERE notice = ?"
            return try Row.fetchAll(
                db, sql: "SELECT * FROM noticeOutcome \(condition) ORDER BY notice, channel",
                arguments: number.map { [$0] } ?? []
            ).map { row in
                guard let state = NoticeResource.Delivery.State(rawValue: row["state"]) else {
                    throw CloudRows.unreadable("the state of a notice's delivery")
                }
                return NoticeOutcome(
                    channel: row["channel"], number: row["notice"], state: state, time: row["time"],
                    problem: row["problem"])
            }
        }
    }

    package func noticeChannels() async throws -> [NoticeChannelState] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM noticeChannel ORDER BY name").map(NoticeChannelState.init)
        }
    }

    package func record(_ state: NoticeChannelState, _ outcomes: [NoticeOutcome]) async throws {
        try await write { db in
            try state.store(db)
            for outcome in outcomes {
                try db.cachedStatement(
                    sql: """
                        INSERT OR REPLACE INTO noticeOutcome (channel, notice, state, time, problem)
                        SELECT ?, number, ?, ?, ? FROM notice WHERE number = ?
                        """
                ).execute(arguments: [
                    outcome.channel, outcome.state.rawValue, outcome.time, outcome.problem, outcome.number,
                ])
            }
        }
    }

    package func addNoticeChannel(_ name: String) async throws -> NoticeChannelState {
        try await write { db in
            let sql = "SELECT * FROM noticeChannel WHERE name = ?"
            if let row = try Row.fetchOne(db, sql: sql, arguments: [name]) { return try NoticeChannelState(row) }
            let last = try Int.fetchOne(db, sql: "SELECT max(number) FROM notice") ?? 0
            let state = NoticeChannelState(name: name, cursor: last)
            try state.store(db)
            return state
        }
    }

    package func forgetNoticeChannel(_ name: String) async throws {
        try await write { db in
            try db.execute(sql: "DELETE FROM noticeChannel WHERE name = ?", arguments: [name])
        }
    }

    package func pruneNotices(keeping kept: Int) async throws -> Int {
        try await write { db in
            try db.execute(
                sql: """
                    DELETE FROM notice WHERE number <= (SELECT max(number) FROM notice) - ?
                        AND number <= (SELECT coalesce(min(cursor), 9223372036854775807) FROM noticeChannel)
                    """, arguments: [kept])
            return db.changesCount
        }
    }
}

extension StoredNotice {
    fileprivate init(_ row: Row) throws {
        guard let severity = Notice.Severity(rawValue: row["severity"]),
            let subject = Notice.Subject(rawValue: row["subject"])
        else { throw CloudRows.unreadable("the severity or the subject of a notice") }
        self.init(
            number: row["number"], generation: row["generation"], time: row["time"],
            notice: Notice(
                severity, of: subject, row["name"], title: row["title"], text: row["text"], location: row["location"],
                type: row["type"], isResolved: row["resolved"], isLasting: row["lasting"]))
    }
}

extension NoticeChannelState {
    fileprivate init(_ row: Row) throws {
        self.init(
            name: row["name"], cursor: row["cursor"], delivered: row["delivered"], failed: row["failed"],
            expired: row["expired"], memory: row["memory"])
        guard let id: String = row["message"], let numbers: String = row["numbers"] else { return }
        message = Message(
            id: id, numbers: numbers.splitBytes(" ").compactMap { Int($0) }, isDigest: row["digest"],
            refusals: row["refusals"])
    }

    fileprivate func store(_ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO noticeChannel
                    (name, cursor, message, numbers, digest, refusals, delivered, failed, expired, memory)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            name, cursor, message?.id, message.map { $0.numbers.map { "\($0)" }.joined(separator: " ") },
            message?.isDigest ?? false, message?.refusals ?? 0, delivered, failed, expired, memory,
        ])
    }
}
