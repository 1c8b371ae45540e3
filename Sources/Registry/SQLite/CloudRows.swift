import Cloud
import CombinedConfiguration
import Foundation
import GRDB
import Names
import NetworkTypes
import Text

/// Reads a cloud from SQLite's tables, and writes differences to them.
enum CloudRows {
    // MARK: Reading

    /// Reads the whole cloud, with the revisions of its types and of deleted ones.
    ///
    /// Throws `RegistryError.unavailable` with the name of a row that this version cannot read.
    static func load(_ db: Database) throws -> StoredCloud {
        let locations = try Row.fetchAll(db, sql: "SELECT name, description FROM location").map { row in
            Location(name: row["name"], description: row["description"] ?? "")
        }
        let (types, revisions) = try loadTypes(db)
        var cloud = Cloud(
            locations: locations, pools: try loadPools(db), egress: try EgressRows.load(db),
            servers: try loadServers(db), types: types,
            services: try loadServices(db), marks: try loadMarks(db), secrets: try loadSecrets(db))
        cloud.remains = try InstallationRows.remains(db)
        cloud.jobs = try InstallationRows.jobs(db)
        cloud.logLevels = try InstallationRows.logLevels(db)
        cloud.rollouts = try RolloutRows.load(db)
        cloud.lostServers = try NoticeRows.lostServers(db)
        cloud.moves = try MoveRows.moves(db)
        cloud.actionRuns = try MoveRows.actionRuns(db)
        let former = try Row.fetchAll(db, sql: "SELECT name, revision FROM formerType")
            .reduce(into: [String: Int]()) { $0[$1["name"]] = $1["revision"] }
        return StoredCloud(
            commit: try CommitRows.newest(db), cloud: cloud, revisions: revisions, formerRevisions: former)
    }

    static func unreadable(_ what: String) -> RegistryError {
        .unavailable("the database holds \(what), which this version of ADMIN cannot read")
    }

    private static func address(_ text: String, of what: String) throws -> IPAddress {
        guard let address = IPAddress(text) else { throw unreadable("the address \"\(text)\" of \(what)") }
        return address
    }

    private static func loadPools(_ db: Database) throws -> [AddressPool] {
        var addresses: [AddressPool.ID: [IPAddress]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT location, name FROM pool") {
            addresses[AddressPool.ID(location: row["location"], name: row["name"])] = []
        }
        for row in try Row.fetchAll(db, sql: "SELECT location, pool, address FROM poolAddress") {
            let id = AddressPool.ID(location: row["location"], name: row["pool"])
            addresses[id, default: []].append(try address(row["address"], of: "pool \(id.location)/\(id.name)"))
        }
        return addresses.map { AddressPool(location: $0.location, name: $0.name, addresses: $1) }
    }

    private static func loadServers(_ db: Database) throws -> [Server] {
        var addresses: [String: [IPAddress]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT server, address FROM serverAddress") {
            let name: String = row["server"]
            addresses[name, default: []].append(try address(row["address"], of: "server \(name)"))
        }
        var labels: [String: [String]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT server, label FROM serverLabel") {
            labels[row["server"], default: []].append(row["label"])
        }
        var drives: [String: [String: String]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT server, drive, path FROM serverDrive") {
            drives[row["server"], default: [:]][row["drive"]] = row["path"]
        }
        return try Row.fetchAll(db, sql: "SELECT name, location, kind, state, stateUntil FROM server").map { row in
            let name: String = row["name"]
            guard let kind = ServerKind(rawValue: row["kind"]) else { throw unreadable("the kind of server \(name)") }
            guard let state = ServiceState(rawValue: row["state"]) else {
                throw unreadable("the state of server \(name)")
            }
            return Server(
                name: name, location: row["location"], kind: kind, addresses: addresses[name] ?? [],
                labels: labels[name] ?? [], state: state, until: row["stateUntil"], drives: drives[name] ?? [:])
        }
    }

    private static func loadTypes(_ db: Database) throws -> ([ServiceType], [String: TypeRevision]) {
        var types: [ServiceType] = []
        var revisions: [String: TypeRevision] = [:]
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT type.name, typeRevision.* FROM type
                JOIN typeRevision ON typeRevision.type = type.name AND typeRevision.revision = type.revision
                """)
        for row in rows {
            let name: String = row["name"]
            do {
                types.append(try ServiceType.read(source: row["source"], name: name, isStored: true))
            } catch {
                throw unreadable("type \(name): \(error)")
            }
            revisions[name] = revision(row)
        }
        return (types, revisions)
    }

    private static func revision(_ row: Row) -> TypeRevision {
        TypeRevision(number: row["revision"], changedBy: row["changedBy"], changedAt: row["changedAt"])
    }

    /// Every revision of a type, the newest first, also for a deleted type.
    static func revisions(_ db: Database, of type: String) throws -> [TypeRevision] {
        try Row.fetchAll(
            db,
            sql: "SELECT revision, changedBy, changedAt FROM typeRevision WHERE type = ? ORDER BY revision DESC",
            arguments: [type]
        ).map(revision)
    }

    /// The source of one revision of a type.
    static func revision(_ db: Database, _ number: Int, of type: String) throws -> (
        TypeRevision, source: String
    )? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM typeRevision WHERE type = ? AND revision = ?", arguments: [type, number]
        ).map { row in (revision(row), row["source"]) }
    }

    private static func loadServices(_ db: Database) throws -> [ServiceInstance] {
        try Row.fetchAll(db, sql: "SELECT * FROM service").map { row in
            guard let state = ServiceState(rawValue: row["state"]) else { throw unreadable("a service's state") }
            return ServiceInstance(
                type: row["type"], index: row["number"], server: row["server"], state: state, weight: row["weight"],
                until: row["stateUntil"], installation: try InstallationRows.installation(row))
        }
    }

    private static func loadMarks(_ db: Database) throws -> [MarkID: UInt32] {
        try Row.fetchAll(db, sql: "SELECT type, section, protocol, mark FROM mark").reduce(into: [:]) { marks, row in
            marks[MarkID(row)] = row["mark"]
        }
    }

    private static func loadSecrets(_ db: Database) throws -> [SealedSecret] {
        try Row.fetchAll(db, sql: "SELECT * FROM secret").map { row in
            let (sealed, stamp): (Data, Data) = (row["sealed"], row["stamp"])
            return SealedSecret(
                name: row["name"], revision: row["revision"], kind: SecretKind(rawValue: row["kind"]) ?? .binary,
                sealed: Array(sealed), stamp: Array(stamp), changedBy: row["changedBy"], changedAt: row["changedAt"])
        }
    }

    /// When each section got its mark. Marks from before this was recorded are absent.
    static func markTimes(_ db: Database) throws -> [MarkID: String] {
        try Row.fetchAll(db, sql: "SELECT type, section, protocol, since FROM mark WHERE since IS NOT NULL")
            .reduce(into: [:]) { $0[MarkID($1)] = $1["since"] }
    }

    // MARK: Writing

    /// Writes the changes of a commit, and its events.
    static func store(_ db: Database, _ commit: CloudCommit) throws {
        for change in commit.difference.changes {
            switch change.kind {
            case .location: try storeLocation(db, change, commit.after)
            case .pool: try storePool(db, change, commit.after)
            case .egress: try EgressRows.store(db, change.name, commit.after)
            case .server: try storeServer(db, change, commit.after)
            case .type: try storeType(db, change, commit)
            case .service: try storeService(db, change, commit.after)
            case .secret: try storeSecret(db, change, commit.after)
            case .mark, .job, .rollout, .move: break
            }
        }
        for event in commit.events { try EventRows.store(db, event) }
        try NoticeRows.store(db, commit)
        try InstallationRows.store(db, from: commit.before, to: commit.after)
        try RolloutRows.store(db, from: commit.before, to: commit.after)
        try MoveRows.store(db, from: commit.before, to: commit.after)
        try storeMarks(db, from: commit.before.marks, to: commit.after.marks, time: commit.time)
    }

    private static func storeLocation(_ db: Database, _ change: CloudDifference.Change, _ cloud: Cloud) throws {
        guard let location = cloud.locations[change.name] else {
            try db.execute(sql: "DELETE FROM location WHERE name = ?", arguments: [change.name])
            return
        }
        try db.execute(
            sql: """
                INSERT INTO location (name, description) VALUES (?, ?)
                ON CONFLICT (name) DO UPDATE SET description = excluded.description
                """,
            arguments: [location.name, location.description.isEmpty ? nil : location.description])
    }

    private static func storePool(_ db: Database, _ change: CloudDifference.Change, _ cloud: Cloud) throws {
        let names = change.name.splitBytes("/").map { String($0) }
        let id = AddressPool.ID(location: names.first ?? "", name: names.last ?? "")
        guard let pool = cloud.pools[id] else {
            try db.execute(sql: "DELETE FROM pool WHERE location = ? AND name = ?", arguments: [id.location, id.name])
            return
        }
        try db.execute(
            sql: "INSERT INTO pool (location, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
            arguments: [id.location, id.name])
        try db.execute(
            sql: "DELETE FROM poolAddress WHERE location = ? AND pool = ?", arguments: [id.location, id.name])
        for address in pool.addresses {
            try db.execute(
                sql: "INSERT INTO poolAddress (location, pool, address) VALUES (?, ?, ?)",
                arguments: [id.location, id.name, address.description])
        }
    }

    private static func storeServer(_ db: Database, _ change: CloudDifference.Change, _ cloud: Cloud) throws {
        guard let server = cloud.servers[change.name] else {
            try db.execute(sql: "DELETE FROM server WHERE name = ?", arguments: [change.name])
            return
        }
        try db.execute(
            sql: """
                INSERT INTO server (name, location, kind, state, stateUntil) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (name) DO UPDATE
                SET location = excluded.location, kind = excluded.kind, state = excluded.state,
                    stateUntil = excluded.stateUntil
                """,
            arguments: [server.name, server.location, server.kind.rawValue, server.state.rawValue, server.until])
        try db.execute(sql: "DELETE FROM serverAddress WHERE server = ?", arguments: [server.name])
        for address in server.addresses {
            try db.execute(
                sql: "INSERT INTO serverAddress (server, family, address) VALUES (?, ?, ?)",
                arguments: [server.name, address.family == .ipv4 ? 4 : 6, address.description])
        }
        try db.execute(sql: "DELETE FROM serverLabel WHERE server = ?", arguments: [server.name])
        for label in server.labels {
            try db.execute(
                sql: "INSERT INTO serverLabel (server, label) VALUES (?, ?)", arguments: [server.name, label])
        }
        try db.execute(sql: "DELETE FROM serverDrive WHERE server = ?", arguments: [server.name])
        for (drive, path) in server.drives {
            try db.execute(
                sql: "INSERT INTO serverDrive (server, drive, path) VALUES (?, ?, ?)",
                arguments: [server.name, drive, path])
        }
    }

    private static func storeSecret(_ db: Database, _ change: CloudDifference.Change, _ cloud: Cloud) throws {
        guard let secret = cloud.secrets[change.name] else {
            try db.execute(sql: "DELETE FROM secret WHERE name = ?", arguments: [change.name])
            return
        }
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO secret (name, revision, kind, sealed, stamp, changedBy, changedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                secret.name, secret.revision, secret.kind.rawValue, Data(secret.sealed), Data(secret.stamp),
                secret.changedBy, secret.changedAt,
            ])
    }

    /// Revisions are kept when their type is deleted: if it is created again, their numbers go on.
    private static func storeType(_ db: Database, _ change: CloudDifference.Change, _ commit: CloudCommit) throws {
        guard let type = commit.after.types[change.name], let revision = commit.revisions[change.name] else {
            try db.execute(
                sql: "INSERT INTO formerType (name, revision) SELECT name, revision FROM type WHERE name = ?",
                arguments: [change.name])
            try db.execute(sql: "DELETE FROM type WHERE name = ?", arguments: [change.name])
            return
        }
        try db.execute(sql: "DELETE FROM formerType WHERE name = ?", arguments: [type.name])
        try db.execute(
            sql: """
                INSERT INTO typeRevision (type, revision, source, changedBy, changedAt, size)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                type.name, revision.number, type.source, revision.changedBy, revision.changedAt,
                type.source.utf8.count,
            ])
        try db.execute(
            sql: """
                INSERT INTO type (name, revision) VALUES (?, ?)
                ON CONFLICT (name) DO UPDATE SET revision = excluded.revision
                """,
            arguments: [type.name, revision.number])
    }

    private static func storeService(_ db: Database, _ change: CloudDifference.Change, _ cloud: Cloud) throws {
        guard let service = cloud.services[change.name] else {
            guard let name = ServiceName(change.name) else { return }
            try db.execute(
                sql: "DELETE FROM service WHERE type = ? AND number = ?", arguments: [name.type, name.index])
            return
        }
        try db.execute(
            sql: """
                INSERT INTO service
                    (type, number, server, state, weight, stateUntil, version, digest, desired, drive, starting)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (type, number) DO UPDATE
                SET server = excluded.server, state = excluded.state, weight = excluded.weight,
                    stateUntil = excluded.stateUntil, version = excluded.version, digest = excluded.digest,
                    desired = excluded.desired, drive = excluded.drive, starting = excluded.starting
                """,
            arguments: [
                service.type, service.index, service.server, service.state.rawValue, service.weight, service.until,
                service.installation?.version.description, service.installation?.digest,
                service.installation?.desired.rawValue, service.installation?.drive,
                service.installation?.isStarting ?? false,
            ])
    }

    /// Deletes marks before it writes new ones, since a mark is unique at every moment.
    static func storeMarks(
        _ db: Database, from before: [MarkID: UInt32], to after: [MarkID: UInt32], time: String
    ) throws {
        for (id, mark) in before where after[id] != mark {
            try db.execute(
                sql: "DELETE FROM mark WHERE type = ? AND section = ? AND protocol = ?",
                arguments: [id.section.type, id.section.section, id.transport?.description ?? ""])
        }
        for (id, mark) in after where before[id] != mark {
            try db.execute(
                sql: "INSERT INTO mark (type, section, protocol, mark, since) VALUES (?, ?, ?, ?, ?)",
                arguments: [id.section.type, id.section.section, id.transport?.description ?? "", mark, time])
        }
    }
}

extension MarkID {
    fileprivate init(_ row: Row) {
        let transport: String = row["protocol"]
        self.init(SectionID(type: row["type"], section: row["section"]), TransportProtocol(transport))
    }
}
