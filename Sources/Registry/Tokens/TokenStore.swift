import AdminAPI
import Cloud
public import Foundation
package import GRDB

/// The tokens of the registry's database, kept as SHA-256 hashes.
public struct TokenStore: Sendable {
    package let database: DatabasePool
    package let now: @Sendable () -> Date
    package let uses: TokenUses
    /// Where polls are held: woken when tokens come or go.
    let waiters: [TagWaiters]
    let health: WriteHealth

    private static let columns = "name, role, service, location, gateway, createdAt, expiresAt, lastUsedAt"

    /// Makes a token and answers its secret, which cannot be read again.
    ///
    /// Throws `RegistryError` when the name is taken, when something in `grant` is wrong, or `expires` is past.
    ///
    /// - Parameters:
    ///   - expires: From when on it is refused; `nil`: never.
    ///   - actor: Who makes it, for the event log; without one, whoever may write the database file.
    ///   - dryRun: Whether to do all but store it.
    public func add(
        _ grant: TokenGrant, expires: Date? = nil, by actor: String? = nil, dryRun: Bool = false
    ) async throws -> (record: TokenRecord, secret: String) {
        var faults = grant.faults
        if let expires, expires <= now() {
            faults.append(.init(place: "expires", detail: "\(Timestamp.text(expires)) is past"))
        }
        guard faults.isEmpty else { throw ChangeError.invalid(faults) }
        let token = BearerToken()
        let time = Timestamp.text(now())
        let record = TokenRecord(
            name: grant.name, role: grant.role, service: grant.service, gateway: grant.gateway, createdAt: time,
            expiresAt: expires.map(Timestamp.text))
        try await RegistryError.translating {
            let store = { @Sendable (db: Database) throws in
                let isTaken = try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM token WHERE name = ?)", arguments: [grant.name])
                guard isTaken != true else { throw ChangeError.exists("token \(grant.name)") }
                guard !dryRun else { return }
                try db.execute(
                    sql: """
                        INSERT INTO token (name, role, service, location, gateway, hash, createdAt, expiresAt)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        record.name, record.role.rawValue, record.service, record.gateway?.location,
                        record.gateway?.name, Data(token.hash), time, record.expiresAt,
                    ])
                try Self.countChange(db)
                let summary = grant.summary + (record.expiresAt.map { " until \($0)" } ?? "")
                try EventEntry(action: .create, kind: .token, name: grant.name, after: summary)
                    .store(db, actor: actor ?? TokenGrant.fileOwner, time: time)
            }
            if dryRun {
                try await database.read(store)
            } else {
                try await health.watching { try await database.write(store) }
            }
        }
        if !dryRun { await publish() }
        return (record, token.text)
    }

    /// Every token, by name. Costs one row each.
    public func list() async throws -> [TokenRecord] {
        try await RegistryError.translating {
            try await database.read { db in
                try Row.fetchAll(db, sql: "SELECT \(Self.columns), hash FROM token ORDER BY name").compactMap { row in
                    var record = Self.record(row)
                    if let used = uses[row["hash"]] { record?.lastUsedAt = Timestamp.text(used) }
                    return record
                }
            }
        }
    }

    /// Takes a token away: it is refused from the next request on, and polls that are held with it end.
    ///
    /// - Parameter actor: As in `add`.
    public func remove(name: String, by actor: String? = nil, dryRun: Bool = false) async throws {
        let time = Timestamp.text(now())
        try await RegistryError.translating {
            let remove = { @Sendable (db: Database) throws in
                let row = try Row.fetchOne(
                    db, sql: "SELECT \(Self.columns) FROM token WHERE name = ?", arguments: [name])
                guard let row else { throw ChangeError.missing("token \(name.prefix(80))") }
                guard !dryRun else { return }
                try db.execute(sql: "DELETE FROM token WHERE name = ?", arguments: [name])
                try Self.countChange(db)
                let record = Self.record(row)
                let summary = record.map {
                    TokenGrant(name: $0.name, role: $0.role, service: $0.service, gateway: $0.gateway).summary
                }
                try EventEntry(action: .delete, kind: .token, name: name, before: summary)
                    .store(db, actor: actor ?? TokenGrant.fileOwner, time: time)
            }
            if dryRun {
                try await database.read(remove)
            } else {
                try await health.watching { try await database.write(remove) }
            }
        }
        if !dryRun { await publish() }
    }

    /// Whether there is none. One that has come to its end counts: a door that was closed does not open by itself.
    public func isEmpty() async throws -> Bool {
        try await RegistryError.translating {
            try await database.read(Self.isEmpty)
        }
    }

    // MARK: Requests

    /// What one look into the database says of a request.
    package struct Look: Sendable {
        /// The token that was sent, when it is one.
        package var record: TokenRecord?
        /// Whether there is no token at all; looked for when none was sent.
        package var isOpen = false
        /// The registry's generation at the same moment, and that of the tokens.
        package var generation: Int
        package var tokenGeneration: Int
    }

    /// Looks for the token that came with a request, if one did. Costs two rows.
    ///
    /// - Parameter hash: Of the token.
    package func look(for hash: Data?) async throws -> Look {
        try await RegistryError.translating {
            // Of statements that read one row each; none needs a transaction.
            try await database.unsafeRead { db in
                let statement = try db.cachedStatement(
                    sql: "SELECT generation, tokenGeneration FROM registry WHERE id = 1")
                let row = try Row.fetchOne(statement)
                var look = Look(generation: row?[0] ?? 0, tokenGeneration: row?[1] ?? 0)
                if let hash {
                    let statement = try db.cachedStatement(sql: "SELECT \(Self.columns) FROM token WHERE hash = ?")
                    look.record = try Row.fetchOne(statement, arguments: [hash]).flatMap(Self.record)
                } else {
                    look.isOpen = try Self.isEmpty(db)
                }
                return look
            }
        }
    }

    // MARK: Revocation

    /// The generation of the tokens: it rises when one comes or goes, whichever process did it. Costs one row.
    package func generation() async throws -> Int {
        try await RegistryError.translating { try await database.unsafeRead(Self.generation) }
    }

    /// Has all who are held look at their tokens again, when one has come or gone since they did. Costs one row.
    func publish() async {
        // What cannot be read now is read by whoever watches, a moment later.
        guard let generation = try? await generation() else { return }
        for waiters in waiters { await waiters.publishTokens(generation: generation) }
    }

    /// Writes when tokens were used last; what cannot be written now stays for the next time.
    func flushUses() async throws {
        let taken = uses.take()
        guard !taken.isEmpty else { return }
        do {
            try await RegistryError.translating {
                try await health.watching {
                    try await database.write { db in
                        for (hash, time) in taken {
                            try db.execute(
                                sql: "UPDATE token SET lastUsedAt = ? WHERE hash = ?",
                                arguments: [Timestamp.text(time), hash])
                        }
                    }
                }
            }
        } catch {
            uses.putBack(taken)
            throw error
        }
    }

    // MARK: Rows

    private static func generation(_ db: Database) throws -> Int {
        try Int.fetchOne(db.cachedStatement(sql: "SELECT tokenGeneration FROM registry WHERE id = 1")) ?? 0
    }

    private static func countChange(_ db: Database) throws {
        try db.execute(sql: "UPDATE registry SET tokenGeneration = tokenGeneration + 1 WHERE id = 1")
    }

    private static func isEmpty(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db.cachedStatement(sql: "SELECT NOT EXISTS (SELECT 1 FROM token)")) ?? true
    }

    private static func record(_ row: Row) -> TokenRecord? {
        guard let role = TokenRole(rawValue: row["role"]) else { return nil }
        var gateway: GatewayID?
        if let location: String = row["location"], let name: String = row["gateway"] {
            gateway = GatewayID(location: location, name: name)
        }
        return TokenRecord(
            name: row["name"], role: role, service: row["service"], gateway: gateway, createdAt: row["createdAt"],
            expiresAt: row["expiresAt"], lastUsedAt: row["lastUsedAt"])
    }
}
