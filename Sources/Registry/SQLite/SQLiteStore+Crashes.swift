package import AdminAPI
import GRDB

extension SQLiteStore {
    package func keepCrash(
        _ crash: StoredCrash, _ limits: CrashLimits,
        following: @escaping @Sendable (StoredCrash, CrashStanding) -> CrashNews
    ) async throws -> CrashKeeping {
        try await write { db in try CrashRows.keep(db, crash, limits, following) }
    }

    package func crashGroups(_ filter: CrashFilter) async throws -> [CrashGroup] {
        try await read { db in
            // Of one service there are few.
            let tallies = try filter.service.map { service in
                try Row.fetchAll(db, sql: "SELECT * FROM crashTally WHERE service = ?", arguments: [service])
            }
            let rows = try tallies ?? Row.fetchAll(db, sql: "SELECT * FROM crashTally")
            let byGroup = try rows.reduce(into: [String: [StoredTally]]()) { groups, row in
                groups[row["fingerprint"], default: []].append(try StoredTally(row))
            }
            let heads = try Row.fetchAll(db, sql: "SELECT * FROM crashGroup").map(CrashGroupHead.init)
            return CrashGroup.groups(heads.map { ($0, byGroup[$0.fingerprint] ?? []) }, filter)
        }
    }

    package func crashGroup(_ fingerprint: String) async throws -> (head: CrashGroupHead, tallies: [StoredTally])? {
        try await read { db in
            let head = try Row.fetchOne(
                db, sql: "SELECT * FROM crashGroup WHERE fingerprint = ?", arguments: [fingerprint]
            ).map(CrashGroupHead.init)
            let tallies = try Row.fetchAll(
                db, sql: "SELECT * FROM crashTally WHERE fingerprint = ?", arguments: [fingerprint]
            ).map(StoredTally.init)
            return head.map { ($0, tallies) }
        }
    }

    package func crashes(of fingerprint: String, limit: Int) async throws -> [StoredCrash] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(CrashRows.members), x'' AS text FROM crash WHERE fingerprint = ? ORDER BY number DESC LIMIT ?
                    """, arguments: [fingerprint, limit]
            ).map(StoredCrash.init)
        }
    }

    package func crash(_ id: String) async throws -> StoredCrash? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM crash WHERE id = ?", arguments: [id]).map(StoredCrash.init)
        }
    }

    package func removeCrashes(of fingerprint: String, _ event: EventEntry) async throws {
        try await write { db in
            try db.execute(sql: "DELETE FROM crashGroup WHERE fingerprint = ?", arguments: [fingerprint])
            try EventRows.store(db, event)
        }
    }

    package func forgetDump(of id: String, on server: String) async throws {
        try await write { db in
            try db.execute(
                sql: "UPDATE crash SET dumpSize = 0 WHERE id = ? AND server = ?", arguments: [id, server])
        }
    }

    package func pruneCrashes(before time: String, step: Int, epoch: Int) async throws -> Int {
        try await write { db in
            guard try CommitRows.epoch(db) == epoch else { throw RegistryError.superseded }
            return try CrashRows.prune(db, before: time, step: step)
        }
    }
}
