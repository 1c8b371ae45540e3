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
    ///
    /// - Parameter service: For the role `service`, and for no other: the name of the service, which need not be there yet.
    public func add(name: String, role: TokenRole, service: String? = nil) async throws -> String {
        if let problem = ObjectName.problem(with: name, as: .token) {
            throw RegistryError.invalid([.init(pointer: "token", detail: "the name \(problem)")])
        }
        guard !Self.reserved.contains(name) else {
            throw RegistryError.invalid([
                .init(pointer: "token", detail: "the name \(name) has another meaning in the event log")
            ])
        }
        guard (role == .service) == (service != nil) else {
            let rule = role == .service ? "must name its service" : "has no service; only the role service has"
            throw RegistryError.invalid([.init(pointer: "token", detail: "a token of role \(role) \(rule)")])
        }
        if let service, ResourceName.parseService(service) == nil {
            throw RegistryError.invalid([
                .init(
                    pointer: "token", detail: "\"\(service.prefix(80))\" is no service; its name is TYPE.INDEX, as tg.3"
                )
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
                    sql: "INSERT INTO token (name, role, service, hash, createdAt) VALUES (?, ?, ?, ?, ?)",
                    arguments: [name, role.rawValue, service, Data(token.hash), time])
                let summary = Self.summary(role.rawValue, service)
                try EventEntry(action: .create, kind: .token, name: name, after: summary)
                    .store(db, actor: Self.actor, time: time)
            }
        }
        return token.text
    }

    /// Every token, by name.
    public func list() async throws -> [TokenRecord] {
        try await RegistryError.translating {
            try await database.read { db in
                try Row.fetchAll(db, sql: "SELECT name, role, service, createdAt FROM token ORDER BY name").compactMap(
                    Self.record)
            }
        }
    }

    /// Takes a token away: it is refused from the next request on.
    public func remove(name: String) async throws {
        let time = Timestamp.text(now())
        try await RegistryError.translating {
            try await database.write { db in
                let row = try Row.fetchOne(
                    db, sql: "SELECT role, service FROM token WHERE name = ?", arguments: [name])
                guard let row else { throw RegistryError.missing("token \(name)") }
                try db.execute(sql: "DELETE FROM token WHERE name = ?", arguments: [name])
                let summary = Self.summary(row["role"], row["service"])
                try EventEntry(action: .delete, kind: .token, name: name, before: summary)
                    .store(db, actor: Self.actor, time: time)
            }
        }
    }

    /// Whether there is none.
    public func isEmpty() async throws -> Bool {
        try await RegistryError.translating {
            try await database.read(Self.isEmpty)
        }
    }

    /// What one look into the database says of a request.
    struct Look: Sendable {
        /// The token that was sent, when it is one.
        var record: TokenRecord?
        /// Whether there is no token at all; looked for when none was sent.
        var isOpen = false
        /// The registry's generation at the same moment.
        var generation: Int
    }

    /// Looks for the token that came with a request, if one did.
    func look(for token: BearerToken?) async throws -> Look {
        let hash = (token?.hash).map { Data($0) }
        return try await RegistryError.translating {
            // Of statements that read one row each; none needs a transaction.
            try await database.unsafeRead { db in
                var look = Look(generation: try RegistryRows.generation(db))
                if let hash {
                    let statement = try db.cachedStatement(
                        sql: "SELECT name, role, service, createdAt FROM token WHERE hash = ?")
                    look.record = try Row.fetchOne(statement, arguments: [hash]).flatMap(Self.record)
                } else {
                    look.isOpen = try Self.isEmpty(db)
                }
                return look
            }
        }
    }

    private static func isEmpty(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db.cachedStatement(sql: "SELECT NOT EXISTS (SELECT 1 FROM token)")) ?? true
    }

    private static func record(_ row: Row) -> TokenRecord? {
        TokenRole(rawValue: row["role"]).map {
            TokenRecord(name: row["name"], role: $0, service: row["service"], createdAt: row["createdAt"])
        }
    }

    /// What the event log says of a token: `role service of tg.3`.
    private static func summary(_ role: String, _ service: String?) -> String {
        "role \(role)" + (service.map { " of \($0)" } ?? "")
    }
}
