import Cloud
import GRDB
import NetworkTypes

/// Reads egress rules from SQLite's tables, and writes them.
enum EgressRows {
    /// Throws `RegistryError.unavailable` with the rule that this version cannot read.
    static func load(_ db: Database) throws -> [Egress] {
        var networks: [Egress.ID: (from: [AddressPrefix], except: [AddressPrefix])] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT location, egress, isException, network FROM egressNetwork") {
            let (id, text) = (Egress.ID(location: row["location"], name: row["egress"]), row["network"] as String)
            guard let network = AddressPrefix(text) else {
                throw CloudRows.unreadable("the network \"\(text)\" of egress rule \(id)")
            }
            if row["isException"] {
                networks[id, default: ([], [])].except.append(network)
            } else {
                networks[id, default: ([], [])].from.append(network)
            }
        }
        return try Row.fetchAll(db, sql: "SELECT location, name, pool FROM egress").map { row in
            let id = Egress.ID(location: row["location"], name: row["name"])
            let (from, except) = networks[id] ?? ([], [])
            return Egress(
                location: id.location, name: id.name, pool: row["pool"], sources: from, exceptions: except)
        }
    }

    /// Stores the rule as the cloud has it, or deletes it where that has none.
    static func store(_ db: Database, _ name: String, _ cloud: Cloud) throws {
        guard let id = Egress.ID(name) else { return }
        guard let rule = cloud.egress[id] else {
            try db.execute(
                sql: "DELETE FROM egress WHERE location = ? AND name = ?", arguments: [id.location, id.name])
            return
        }
        try db.execute(
            sql: """
                INSERT INTO egress (location, name, pool) VALUES (?, ?, ?)
                ON CONFLICT (location, name) DO UPDATE SET pool = excluded.pool
                """,
            arguments: [id.location, id.name, rule.pool])
        try db.execute(
            sql: "DELETE FROM egressNetwork WHERE location = ? AND egress = ?", arguments: [id.location, id.name])
        let insert = try db.cachedStatement(
            sql: "INSERT INTO egressNetwork (location, egress, isException, network) VALUES (?, ?, ?, ?)")
        for (isException, networks) in [(false, rule.sources), (true, rule.exceptions)] {
            for network in networks {
                try insert.execute(arguments: [id.location, id.name, isException, network.description])
            }
        }
    }
}
