import Cloud
import Foundation
import GRDB
import Rollouts

/// The rows of moves of services, and of when actions were last run at intervals.
enum MoveRows {
    /// A move that is on, or the last of a service; `progress` is a `ServiceMove` as JSON in the given format. Jobs that
    /// were there have no other before them.
    static let tables = """
        CREATE TABLE move (
            service TEXT NOT NULL PRIMARY KEY,
            format INTEGER NOT NULL,
            progress TEXT NOT NULL,
            oldDrive TEXT,
            newDrive TEXT,
            createdBy TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            stageAt TEXT NOT NULL,
            endedAt TEXT,
            clock INTEGER NOT NULL,
            generation INTEGER,
            job TEXT
        ) STRICT;
        CREATE TABLE actionRun (
            service TEXT NOT NULL,
            action TEXT NOT NULL,
            time INTEGER NOT NULL,
            PRIMARY KEY (service, action)
        ) STRICT;
        ALTER TABLE job ADD COLUMN after TEXT;

        """

    private static let format = 1

    /// Throws `RegistryError.unavailable` with the service of a move that this version cannot read.
    static func moves(_ db: Database) throws -> [String: RecordedMove] {
        try Row.fetchAll(db, sql: "SELECT * FROM move").reduce(into: [:]) { moves, row in
            let (service, text): (String, String) = (row["service"], row["progress"])
            guard row["format"] as Int == format,
                let progress = try? JSONDecoder().decode(ServiceMove.self, from: Data(text.utf8))
            else { throw CloudRows.unreadable("the move of service \(service)") }
            moves[service] = RecordedMove(
                service: service, oldDrive: row["oldDrive"], newDrive: row["newDrive"], createdBy: row["createdBy"],
                createdAt: row["createdAt"], stageAt: row["stageAt"], endedAt: row["endedAt"], progress: progress,
                clock: row["clock"], generation: row["generation"], job: row["job"])
        }
    }

    static func actionRuns(_ db: Database) throws -> [ScheduledAction: Int] {
        try Row.fetchAll(db, sql: "SELECT * FROM actionRun").reduce(into: [:]) { runs, row in
            runs[ScheduledAction(service: row["service"], action: row["action"])] = row["time"]
        }
    }

    /// Writes what differs.
    static func store(_ db: Database, from before: Cloud, to after: Cloud) throws {
        for service in before.moves.keys where after.moves[service] == nil {
            try db.execute(sql: "DELETE FROM move WHERE service = ?", arguments: [service])
        }
        for (service, move) in after.moves where before.moves[service] != move { try store(db, move) }
        for run in before.actionRuns.keys where after.actionRuns[run] == nil {
            try db.execute(
                sql: "DELETE FROM actionRun WHERE service = ? AND action = ?", arguments: [run.service, run.action])
        }
        for (run, time) in after.actionRuns where before.actionRuns[run] != time {
            try db.execute(
                sql: "INSERT OR REPLACE INTO actionRun (service, action, time) VALUES (?, ?, ?)",
                arguments: [run.service, run.action, time])
        }
    }

    private static func store(_ db: Database, _ move: RecordedMove) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO move
                    (service, format, progress, oldDrive, newDrive, createdBy, createdAt, stageAt, endedAt, clock,
                     generation, job)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                move.service, format, String(decoding: try encoder.encode(move.progress), as: UTF8.self), move.oldDrive,
                move.newDrive, move.createdBy, move.createdAt, move.stageAt, move.endedAt, move.clock, move.generation,
                move.job,
            ])
    }
}
