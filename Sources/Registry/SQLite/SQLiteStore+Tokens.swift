import AdminAPI
import Cloud
package import Foundation
import GRDB
import Names
import Text

extension SQLiteStore {
    private static let columns = """
        name, role, service, location, gateway, scopeLocations, scopeTypes, createdAt, expiresAt, lastUsedAt, server
        """

    package func look(for hash: Data?) async throws -> TokenLook {
        try await readOnce { db in
            var look = TokenLook(position: try CommitRows.position(db))
            if let hash {
                let statement = try db.cachedStatement(sql: "SELECT \(Self.columns) FROM token WHERE hash = ?")
                look.record = try Row.fetchOne(statement, arguments: [hash]).flatMap(TokenRecord.init)
            } else {
                look.isOpen = try Self.isEmpty(db)
            }
            return look
        }
    }

    package func tokens() async throws -> [StoredToken] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT \(Self.columns), hash FROM token ORDER BY name").compactMap { row in
                TokenRecord(row).map { StoredToken(record: $0, hash: row["hash"]) }
            }
        }
    }

    package func hasNoTokens() async throws -> Bool { try await read(Self.isEmpty) }

    package func addToken(_ token: StoredToken, _ event: EventEntry, isDryRun: Bool) async throws {
        let record = token.record
        let add = { @Sendable (db: Database) throws in
            let isTaken = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM token WHERE name = ?)", arguments: [record.name])
            guard isTaken != true else { throw ChangeError.exists("token \(record.name)") }
            guard !isDryRun else { return }
            try Self.insert(db, token)
            try Self.countChange(db)
            try EventRows.store(db, event)
        }
        if isDryRun { try await read(add) } else { try await write(add) }
    }

    package func removeToken(
        _ name: String, isDryRun: Bool, event: @escaping @Sendable (TokenRecord) -> EventEntry
    ) async throws {
        let remove = { @Sendable (db: Database) throws in
            let row = try Row.fetchOne(
                db, sql: "SELECT \(Self.columns) FROM token WHERE name = ?", arguments: [name])
            guard let record = row.flatMap(TokenRecord.init) else {
                throw ChangeError.missing("token \(name.shownName())")
            }
            guard !isDryRun else { return }
            try db.execute(sql: "DELETE FROM token WHERE name = ?", arguments: [name])
            try Self.countChange(db)
            try EventRows.store(db, event(record))
        }
        if isDryRun { try await read(remove) } else { try await write(remove) }
    }

    package func swapTokens(_ swap: TokenSwap) async throws -> TokenSwapResult {
        try await write { db in
            if let joining = swap.joining {
                try db.execute(
                    sql: "UPDATE token SET lastUsedAt = ? WHERE hash = ? AND lastUsedAt IS NULL",
                    arguments: [swap.time, joining.hash])
                guard db.changesCount == 1 else { return .used }
            }
            let gone = try Row.fetchAll(
                db, sql: "SELECT \(Self.columns) FROM token WHERE server = ? ORDER BY name", arguments: [swap.server]
            ).compactMap(TokenRecord.init).filter(swap.isReplaced)
            guard !gone.isEmpty || swap.new != nil else { return .swapped([]) }
            for record in gone { try db.execute(sql: "DELETE FROM token WHERE name = ?", arguments: [record.name]) }
            if let new = swap.new {
                let isTaken = try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM token WHERE name = ?)", arguments: [new.record.name])
                guard isTaken != true else { throw ChangeError.exists("token \(new.record.name)") }
                try Self.insert(db, new)
            }
            try Self.countChange(db)
            for event in swap.events(removing: gone) { try EventRows.store(db, event) }
            return .swapped(gone.map(\.name))
        }
    }

    private static func insert(_ db: Database, _ token: StoredToken) throws {
        let record = token.record
        try db.execute(
            sql: """
                INSERT INTO token
                    (name, role, service, location, gateway, scopeLocations, scopeTypes, hash, createdAt, expiresAt,
                     server)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                record.name, record.role.rawValue, record.service, record.gateway?.location, record.gateway?.name,
                column(record.scope.locations), column(record.scope.types), token.hash, record.createdAt,
                record.expiresAt, record.server,
            ])
    }

    private static func isEmpty(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db.cachedStatement(sql: "SELECT NOT EXISTS (SELECT 1 FROM token)")) ?? true
    }

    /// Names with spaces between them; `nil` for none.
    private static func column(_ names: [String]) -> String? {
        names.isEmpty ? nil : names.joined(separator: " ")
    }

    private static func countChange(_ db: Database) throws {
        try db.execute(sql: "UPDATE registry SET tokenGeneration = tokenGeneration + 1 WHERE id = 1")
    }
}

extension TokenRecord {
    /// `nil` for a role that this version does not know.
    fileprivate init?(_ row: Row) {
        guard let role = TokenRole(rawValue: row["role"]) else { return nil }
        var gateway: GatewayID?
        if let location: String = row["location"], let name: String = row["gateway"] {
            gateway = GatewayID(location: location, name: name)
        }
        self.init(
            name: row["name"], role: role, service: row["service"], gateway: gateway, server: row["server"],
            scope: ChangeScope(locations: Self.names(row["scopeLocations"]), types: Self.names(row["scopeTypes"])),
            createdAt: row["createdAt"],
            expiresAt: row["expiresAt"], lastUsedAt: row["lastUsedAt"])
    }

    private static func names(_ column: String?) -> [String] {
        (column ?? "").splitBytes(" ", omittingEmpty: true).map { String($0) }
    }
}
