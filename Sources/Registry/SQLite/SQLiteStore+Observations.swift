import AdminAPI
import Foundation
import GRDB
import ServicesExport

extension SQLiteStore {
    package func gateways() async throws -> [StoredGateway] {
        try await read { db in try Row.fetchAll(db, sql: "SELECT * FROM gateway").map(StoredGateway.init) }
    }

    package func configurationUses() async throws -> [ConfigurationUse] {
        try await read { db in try Row.fetchAll(db, sql: "SELECT * FROM configurationUse").map(ConfigurationUse.init) }
    }

    package func record(_ observations: Observations) async throws {
        guard !observations.isEmpty else { return }
        try await write { db in
            for id in observations.goneGateways { try Self.delete(db, id) }
            for gateway in observations.gateways { try gateway.store(db) }
            for (hash, time) in observations.tokenUses {
                try db.cachedStatement(sql: "UPDATE token SET lastUsedAt = ? WHERE hash = ?")
                    .execute(arguments: [time, hash])
            }
            for service in observations.goneServices {
                try db.execute(sql: "DELETE FROM configurationUse WHERE service = ?", arguments: [service])
            }
            for use in observations.configurationUses { try use.store(db) }
            for event in observations.events { try EventRows.store(db, event) }
        }
    }

    package func deleteGateway(_ id: GatewayID, _ event: EventEntry) async throws {
        try await write { db in
            try Self.delete(db, id)
            try EventRows.store(db, event)
        }
    }

    private static func delete(_ db: Database, _ id: GatewayID) throws {
        try db.execute(
            sql: "DELETE FROM gateway WHERE location = ? AND name = ?", arguments: [id.location, id.name])
    }
}

extension ConfigurationUse {
    fileprivate init(_ row: Row) {
        self.init(
            service: row["service"], digest: row["digest"], secrets: Self.secrets(row["secrets"]), since: row["since"],
            last: row["last"])
    }

    fileprivate func store(_ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO configurationUse (service, digest, secrets, since, last) VALUES (?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [service, digest, secretsText, since, last])
    }
}

extension StoredGateway {
    fileprivate init(_ row: Row) {
        func date(_ column: String) -> Date? { (row[column] as String?).flatMap(Timestamp.date) }
        self.init(
            id: GatewayID(location: row["location"], name: row["name"]),
            heartbeat: GatewayHeartbeat(
                role: (row["role"] as String?).flatMap(GatewayResource.Role.init), applied: row["applied"],
                held: (row["held"] as String?).map { tag in
                    GatewayHeartbeat.Held(
                        tag: tag, reason: row["heldReason"],
                        decision: (row["heldDecision"] as String?).flatMap(GatewayResource.HeldExport.Decision.init)
                            ?? .pending)
                },
                failures: row["failures"],
                exportVersion: ServicesCSV.Version(rawValue: row["exportVersion"]) ?? .newest),
            since: date("since"), heldSince: date("heldSince"), lastPoll: date("lastPoll"))
    }

    fileprivate func store(_ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO gateway
                    (location, name, role, applied, since, lastPoll, held, heldReason, heldDecision, heldSince, failures,
                     exportVersion)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            id.location, id.name, heartbeat.role?.rawValue, heartbeat.applied, since.map(Timestamp.text),
            lastPoll.map(Timestamp.text), heartbeat.held?.tag, heartbeat.held?.reason,
            heartbeat.held?.decision.rawValue,
            heldSince.map(Timestamp.text), heartbeat.failures, heartbeat.exportVersion.rawValue,
        ])
    }
}
