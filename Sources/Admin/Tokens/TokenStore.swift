import AdminAPI
import Foundation
import GRDB

/// The tokens of the registry's database, kept as SHA-256 hashes.
public struct TokenStore: Sendable {
    /// Who the event log says has changed a token: whoever may write the database file.
    static let actor = "portcullis-admin"
    /// Names that the event log has another meaning for.
    static let reserved: Set = [Identity.anonymous.name, actor]

    private let database: DatabasePool
    private let now: @Sendable () -> Date

    init(database: DatabasePool, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// Makes a token and answers its secret, which cannot be read again.
    ///
    /// Throws `RegistryError` when the name is taken or is no name.
    public func add(name: String, role: TokenRole) async throws -> String {
        if let problem = ObjectName.problem(with: name, as: .token) {
            throw RegistryError.invalid([.init(pointer: "token", detail: "the name \(problem)")])
        }
        guard !Self.reserved.contains(name) else {
            throw RegistryError.invalid([
                .init(pointer: "token", detail: "the name \(name) has another meaning in the event log")
            ])
        }
        let token = BearerToken()
        let time = Timestamp.text(now())
        try await RegistryError.translating {
            try await database.write { db in
                let isTaken = try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM token WHERE name = ?)", arguments: [name])
                guard isTaken != true else { throw RegistryError.exists("token \(name)") }
                try db.execute(
                    sql: "INSERT INTO token (name, role, hash, createdAt) VALUES (?, ?, ?, ?)",
                    arguments: [name, role.rawValue, Data(token.hash), time])
                try EventEntry(action: .create, kind: .token, name: name, after: "role \(role.rawValue)")
                    .store(db, actor: Self.actor, time: time)
            }
        }
        return token.text
    }

    /// Every token, by name.
    public func list() async throws -> [TokenRecord] {
        try await RegistryError.translating {
            try await database.read { db in
                try Row.fetchAll(db, sql: "SELECT name, role, createdAt FROM token ORDER BY name").compactMap(
                    Self.record)
            }
        }
    }

    /// Takes a token away: it is refused from the next request on.
    public func remove(name: String) async throws {
        let time = Timestamp.text(now())
        try await RegistryError.translating {
            try await database.write { db in
                let role = try String.fetchOne(db, sql: "SELECT role FROM token WHERE name = ?", arguments: [name])
                guard let role else { throw RegistryError.missing("token \(name)") }
                try db.execute(sql: "DELETE FROM token WHERE name = ?", arguments: [name])
                try EventEntry(action: .delete, kind: .token, name: name, before: "role \(role)")
                    .store(db, actor: Self.actor, time: time)
            }
        }
    }

    /// Whether there is none.
    public func isEmpty() async throws -> Bool {
        try await RegistryError.translating {
            try await database.read { db in
                try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM token)") ?? true
            }
        }
    }

    /// The token with this secret.
    func find(_ token: BearerToken) async throws -> TokenRecord? {
        let hash = Data(token.hash)
        return try await RegistryError.translating {
            try await database.read { db in
                try Row.fetchOne(db, sql: "SELECT name, role, createdAt FROM token WHERE hash = ?", arguments: [hash])
                    .flatMap(Self.record)
            }
        }
    }

    private static func record(_ row: Row) -> TokenRecord? {
        TokenRole(rawValue: row["role"]).map { TokenRecord(name: row["name"], role: $0, createdAt: row["createdAt"]) }
    }
}
