import Cloud
import Foundation
import GRDB

/// The registry's tables. A migration that was released is never edited; further changes are new migrations.
enum SQLiteMigrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 cloud") { db in try db.execute(sql: cloud) }
        migrator.registerMigration("2 history, tokens, gateways") { db in try db.execute(sql: history) }
        migrator.registerMigration("3 exports held back") { db in try db.execute(sql: heldExports) }
        migrator.registerMigration("4 events of tokens and gateways, age of marks") { db in
            try db.execute(sql: eventsAndMarks)
        }
        migrator.registerMigration("5 service tokens, secrets, labels of servers") { db in
            try db.execute(sql: secretsAndLabels)
        }
        migrator.registerMigration(datagramMarksName) { db in try db.execute(sql: datagramMarks) }
        migrator.registerMigration("7 tokens of one gateway, their end and last use") { db in
            try db.execute(sql: boundTokens)
        }
        migrator.registerMigration("8 sizes of revisions") { db in try db.execute(sql: revisionSizes) }
        migrator.registerMigration("9 commits by their identity, epochs") { db in try db.execute(sql: commits) }
        migrator.registerMigration("10 versions of the export") { db in try db.execute(sql: exportVersions) }
        migrator.registerMigration("11 states of servers") { db in try db.execute(sql: serverStates) }
        migrator.registerMigration("12 indices of events") { db in try db.execute(sql: eventIndices) }
        migrator.registerMigration("13 scopes of tokens") { db in try db.execute(sql: tokenScopes) }
        migrator.registerMigration("14 binary secrets, stamps of secrets, their use") { db in
            try db.execute(sql: secretKinds)
        }
        migrator.registerMigration("16 events of health") { db in try db.execute(sql: healthEvents + eventIndices) }
        migrator.registerMigration("17 egress") { db in try db.execute(sql: egress + eventIndices) }
        migrator.registerMigration("18 versions of services") { db in
            try db.execute(sql: eventsOfAllKinds + eventIndices + versions)
        }
        migrator.registerMigration("19 servers that run services") { db in
            try db.execute(sql: installations)
        }
        migrator.registerMigration("20 rollouts") { db in try db.execute(sql: rollouts) }
        migrator.registerMigration("21 notices, lost servers") { db in try db.execute(sql: notices) }
        migrator.registerMigration("23 moves of services, jobs after others, actions at intervals") { db in
            try db.execute(sql: MoveRows.tables)
        }
        migrator.registerMigration("24 services that start") { db in
            try db.execute(sql: "ALTER TABLE service ADD COLUMN starting INTEGER NOT NULL DEFAULT 0")
        }
        migrator.registerMigration("25 jobs that build versions") { db in
            try db.execute(sql: InstallationRows.builds)
        }
        migrator.registerMigration("26 crashes") { db in try db.execute(sql: CrashRows.tables) }
        migrator.registerMigration("27 jobs for the masters of services, levels of logs") { db in
            try db.execute(sql: InstallationRows.masters)
        }
        migrator.registerMigration("29 notices that last, memory of channels") { db in
            try db.execute(sql: NoticeRows.channelMemory)
        }
        return migrator
    }

    /// Brings the tables up to date.
    ///
    /// Throws `RegistryError.unavailable` for a database of a newer version, or one with a counter that has no room
    /// left.
    static func run(on database: DatabasePool, path: String, now: () -> Date) throws {
        // Checked before anything is changed: tables of a newer version may have the names of migrations to come.
        guard try database.read(migrator.hasBeenSuperseded) == false else {
            throw RegistryError.unavailable("\(path) was written by a newer version of ADMIN")
        }
        let known = try database.read(migrator.appliedIdentifiers)
        try migrator.migrate(database)
        if !known.isEmpty, !known.contains(datagramMarksName) { try allocateDatagramMarks(database, now()) }
        if let counter = try database.read(CommitRows.counterAtItsEnd) {
            throw RegistryError.unavailable(
                "\(path): the number of \(counter) is beyond what ADMIN counts to; restore a backup")
        }
    }

    /// Gives UDP its own marks in a registry of a version that had one mark for all protocols of a section. The
    /// export then changes with the upgrade, and not with somebody's next change. If it is impossible (a type cannot
    /// be read, no mark is left), the marks stay as they are.
    private static func allocateDatagramMarks(_ database: DatabasePool, _ now: Date) throws {
        try database.write { db in
            guard let stored = try? CloudRows.load(db), let marks = try? stored.cloud.allocatingMarks(),
                marks != stored.cloud.marks
            else { return }
            try CloudRows.storeMarks(db, from: stored.cloud.marks, to: marks, time: Timestamp.text(now))
            try CommitRows.store(db, stored.commit.next())
        }
    }

    /// The migration after which sections exist whose UDP has no mark of its own yet.
    static let datagramMarksName = "6 marks of UDP"

    /// SQLite cannot change a primary key, so the table is recreated. Sections keep their marks.
    private static let datagramMarks = """
        CREATE TABLE newMark (
            type TEXT NOT NULL,
            section TEXT NOT NULL,
            protocol TEXT NOT NULL DEFAULT '' CHECK (protocol IN ('', 'udp')),
            mark INTEGER NOT NULL UNIQUE CHECK (mark BETWEEN 256 AND 65535),
            since TEXT,
            PRIMARY KEY (type, section, protocol)
        ) STRICT;
        INSERT INTO newMark (type, section, mark, since) SELECT type, section, mark, since FROM mark;
        DROP TABLE mark;
        ALTER TABLE newMark RENAME TO mark;
        """

    /// Foreign keys are checked at the end of a transaction, so rows may be written in any order.
    private static let cloud = """
        CREATE TABLE location (
            name TEXT NOT NULL PRIMARY KEY,
            description TEXT
        ) STRICT;
        CREATE TABLE pool (
            location TEXT NOT NULL REFERENCES location (name) DEFERRABLE INITIALLY DEFERRED,
            name TEXT NOT NULL,
            PRIMARY KEY (location, name)
        ) STRICT;
        CREATE TABLE poolAddress (
            location TEXT NOT NULL,
            pool TEXT NOT NULL,
            address TEXT NOT NULL,
            PRIMARY KEY (location, pool, address),
            FOREIGN KEY (location, pool) REFERENCES pool (location, name)
                ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
        ) STRICT;
        CREATE TABLE server (
            name TEXT NOT NULL PRIMARY KEY,
            location TEXT NOT NULL REFERENCES location (name) DEFERRABLE INITIALLY DEFERRED,
            kind TEXT NOT NULL CHECK (kind IN ('app', 'db', 'archive', 'gateway'))
        ) STRICT;
        CREATE INDEX serverByLocation ON server (location);
        CREATE TABLE serverAddress (
            server TEXT NOT NULL REFERENCES server (name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            family INTEGER NOT NULL CHECK (family IN (4, 6)),
            address TEXT NOT NULL,
            PRIMARY KEY (server, family)
        ) STRICT;
        CREATE TABLE typeRevision (
            type TEXT NOT NULL,
            revision INTEGER NOT NULL CHECK (revision > 0),
            source TEXT NOT NULL,
            changedBy TEXT NOT NULL,
            changedAt TEXT NOT NULL,
            PRIMARY KEY (type, revision)
        ) STRICT;
        CREATE TABLE type (
            name TEXT NOT NULL PRIMARY KEY,
            revision INTEGER NOT NULL,
            FOREIGN KEY (name, revision) REFERENCES typeRevision (type, revision) DEFERRABLE INITIALLY DEFERRED
        ) STRICT;
        CREATE TABLE service (
            type TEXT NOT NULL REFERENCES type (name) DEFERRABLE INITIALLY DEFERRED,
            number INTEGER NOT NULL CHECK (number > 0),
            server TEXT NOT NULL REFERENCES server (name) DEFERRABLE INITIALLY DEFERRED,
            state TEXT NOT NULL CHECK (state IN ('ready', 'drain', 'maint')),
            weight INTEGER CHECK (weight BETWEEN 0 AND 65535),
            PRIMARY KEY (type, number)
        ) STRICT;
        CREATE INDEX serviceByServer ON service (server);
        CREATE TABLE mark (
            type TEXT NOT NULL,
            section TEXT NOT NULL,
            mark INTEGER NOT NULL UNIQUE CHECK (mark BETWEEN 256 AND 65535),
            PRIMARY KEY (type, section)
        ) STRICT;
        CREATE TABLE registry (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            generation INTEGER NOT NULL
        ) STRICT;
        INSERT INTO registry (id, generation) VALUES (1, 1);
        """

    private static let history = """
        CREATE TABLE event (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
            kind TEXT NOT NULL CHECK (kind IN ('location', 'pool', 'server', 'type', 'service')),
            name TEXT NOT NULL,
            before TEXT,
            after TEXT
        ) STRICT;
        CREATE TABLE token (
            name TEXT NOT NULL PRIMARY KEY,
            role TEXT NOT NULL CHECK (role IN ('admin', 'read', 'gateway')),
            hash BLOB NOT NULL UNIQUE,
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE gateway (
            location TEXT NOT NULL,
            name TEXT NOT NULL,
            role TEXT CHECK (role IN ('active', 'passive')),
            applied TEXT,
            since TEXT NOT NULL,
            lastPoll TEXT NOT NULL,
            PRIMARY KEY (location, name)
        ) STRICT;
        """

    private static let heldExports = """
        ALTER TABLE gateway ADD COLUMN held TEXT;
        ALTER TABLE gateway ADD COLUMN heldReason TEXT;
        ALTER TABLE gateway ADD COLUMN heldDecision TEXT CHECK (heldDecision IN ('pending', 'rejected'));
        ALTER TABLE gateway ADD COLUMN heldSince TEXT;
        ALTER TABLE gateway ADD COLUMN failures INTEGER CHECK (failures >= 0);
        """

    /// SQLite cannot widen a CHECK, so the table is recreated. Its ids go on from where they were.
    private static let eventsAndMarks = """
        CREATE TABLE newEvent (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
            kind TEXT NOT NULL
                CHECK (kind IN ('location', 'pool', 'server', 'type', 'service', 'token', 'gateway', 'mark')),
            name TEXT NOT NULL,
            before TEXT,
            after TEXT
        ) STRICT;
        INSERT INTO newEvent SELECT id, time, actor, action, kind, name, before, after FROM event;
        DROP TABLE event;
        ALTER TABLE newEvent RENAME TO event;
        ALTER TABLE mark ADD COLUMN since TEXT;
        """

    private static let secretsAndLabels = """
        CREATE TABLE newEvent (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
            kind TEXT NOT NULL
                CHECK (kind IN (
                    'location', 'pool', 'server', 'type', 'service', 'token', 'gateway', 'mark', 'secret')),
            name TEXT NOT NULL,
            before TEXT,
            after TEXT
        ) STRICT;
        INSERT INTO newEvent SELECT id, time, actor, action, kind, name, before, after FROM event;
        DROP TABLE event;
        ALTER TABLE newEvent RENAME TO event;
        CREATE TABLE newToken (
            name TEXT NOT NULL PRIMARY KEY,
            role TEXT NOT NULL CHECK (role IN ('admin', 'read', 'gateway', 'service')),
            service TEXT,
            hash BLOB NOT NULL UNIQUE,
            createdAt TEXT NOT NULL,
            CHECK ((role = 'service') = (service IS NOT NULL))
        ) STRICT;
        INSERT INTO newToken (name, role, hash, createdAt) SELECT name, role, hash, createdAt FROM token;
        DROP TABLE token;
        ALTER TABLE newToken RENAME TO token;
        CREATE TABLE secret (
            name TEXT NOT NULL PRIMARY KEY,
            revision INTEGER NOT NULL CHECK (revision > 0),
            sealed BLOB NOT NULL,
            changedBy TEXT NOT NULL,
            changedAt TEXT NOT NULL
        ) STRICT;
        CREATE TABLE serverLabel (
            server TEXT NOT NULL REFERENCES server (name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            label TEXT NOT NULL,
            PRIMARY KEY (server, label)
        ) STRICT;
        """

    /// The size of each source in bytes, and an index that gives the oldest revisions and their sizes without reading
    /// any source.
    private static let revisionSizes = """
        ALTER TABLE typeRevision ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
        UPDATE typeRevision SET size = length(CAST(source AS BLOB));
        CREATE INDEX typeRevisionByAge ON typeRevision (changedAt, type, revision, size);
        """

    /// Earlier tokens of role gateway are bound to no gateway. `tokenGeneration` increases when a token is added or
    /// removed.
    private static let boundTokens = """
        ALTER TABLE token ADD COLUMN location TEXT;
        ALTER TABLE token ADD COLUMN gateway TEXT;
        ALTER TABLE token ADD COLUMN expiresAt TEXT;
        ALTER TABLE token ADD COLUMN lastUsedAt TEXT;
        ALTER TABLE registry ADD COLUMN tokenGeneration INTEGER NOT NULL DEFAULT 1;
        """

    /// The newest version of the export that a gateway reads. One that has not said so since is taken to read the
    /// first.
    private static let exportVersions = """
        ALTER TABLE gateway ADD COLUMN exportVersion INTEGER NOT NULL DEFAULT 1;
        """

    /// The states of servers, and the end that a state may have. Servers were ready before they had states.
    private static let serverStates = """
        ALTER TABLE server ADD COLUMN state TEXT NOT NULL DEFAULT 'ready'
            CHECK (state IN ('ready', 'drain', 'maint'));
        ALTER TABLE server ADD COLUMN stateUntil TEXT;
        ALTER TABLE service ADD COLUMN stateUntil TEXT;
        """

    /// Names with spaces between them; NULL: all.
    private static let tokenScopes = """
        ALTER TABLE token ADD COLUMN scopeLocations TEXT CHECK (scopeLocations IS NULL OR role = 'admin');
        ALTER TABLE token ADD COLUMN scopeTypes TEXT CHECK (scopeTypes IS NULL OR role = 'admin');
        """

    /// Values of before have their encrypted form as the stamp, so that the ETags of configurations stay.
    private static let secretKinds = """
        CREATE TABLE newSecret (
            name TEXT NOT NULL PRIMARY KEY,
            revision INTEGER NOT NULL CHECK (revision > 0),
            kind TEXT NOT NULL CHECK (kind IN ('text', 'binary')),
            sealed BLOB NOT NULL,
            stamp BLOB NOT NULL,
            changedBy TEXT NOT NULL,
            changedAt TEXT NOT NULL
        ) STRICT;
        INSERT INTO newSecret SELECT name, revision, 'text', sealed, sealed, changedBy, changedAt FROM secret;
        DROP TABLE secret;
        ALTER TABLE newSecret RENAME TO secret;
        CREATE TABLE configurationUse (
            service TEXT NOT NULL PRIMARY KEY,
            digest TEXT NOT NULL,
            secrets TEXT NOT NULL,
            since TEXT NOT NULL,
            last TEXT NOT NULL
        ) STRICT;
        """

    /// What a commit is known by, and the newest of them. `epoch` rises when an ADMIN takes over what is done once.
    /// A type that is gone keeps its last revision's number, also when the retention has deleted that.
    private static let commits = """
        ALTER TABLE registry ADD COLUMN nonce INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE registry ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
        UPDATE registry SET nonce = random();
        CREATE TABLE madeCommit (
            generation INTEGER NOT NULL PRIMARY KEY,
            nonce INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE formerType (
            name TEXT NOT NULL PRIMARY KEY,
            revision INTEGER NOT NULL
        ) STRICT;
        INSERT INTO formerType (name, revision)
            SELECT type, max(revision) FROM typeRevision WHERE type NOT IN (SELECT name FROM type) GROUP BY type;
        """

    /// For events by name, actor and kind. A migration that makes the table anew makes these anew, too. Times need
    /// none: a walk over a million events takes 40 ms.
    private static let eventIndices = """
        CREATE INDEX eventByName ON event (name, id);
        CREATE INDEX eventByActor ON event (actor, id);
        CREATE INDEX eventByKind ON event (kind, id);
        """

    private static let healthEvents = """
        CREATE TABLE newEvent (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
            kind TEXT NOT NULL
                CHECK (kind IN (
                    'location', 'pool', 'server', 'type', 'service', 'token', 'gateway', 'mark', 'secret', 'health')),
            name TEXT NOT NULL,
            before TEXT,
            after TEXT
        ) STRICT;
        INSERT INTO newEvent SELECT id, time, actor, action, kind, name, before, after FROM event;
        DROP TABLE event;
        ALTER TABLE newEvent RENAME TO event;

        """

    private static let egress = """
        CREATE TABLE egress (
            location TEXT NOT NULL,
            name TEXT NOT NULL,
            pool TEXT NOT NULL,
            PRIMARY KEY (location, name),
            FOREIGN KEY (location, pool) REFERENCES pool (location, name) DEFERRABLE INITIALLY DEFERRED
        ) STRICT;
        CREATE TABLE egressNetwork (
            location TEXT NOT NULL,
            egress TEXT NOT NULL,
            isException INTEGER NOT NULL CHECK (isException IN (0, 1)),
            network TEXT NOT NULL,
            PRIMARY KEY (location, egress, isException, network),
            FOREIGN KEY (location, egress) REFERENCES egress (location, name)
                ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
        ) STRICT;
        CREATE TABLE newEvent (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
            kind TEXT NOT NULL
                CHECK (kind IN (
                    'location', 'pool', 'egress', 'server', 'type', 'service', 'token', 'gateway', 'mark', 'secret',
                    'health')),
            name TEXT NOT NULL,
            before TEXT,
            after TEXT
        ) STRICT;
        INSERT INTO newEvent SELECT id, time, actor, action, kind, name, before, after FROM event;
        DROP TABLE event;
        ALTER TABLE newEvent RENAME TO event;

        """

    /// Which kinds of events there are, `ResourceKind` knows alone.
    private static let eventsOfAllKinds = """
        CREATE TABLE newEvent (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action IN ('create', 'update', 'delete')),
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            before TEXT,
            after TEXT
        ) STRICT;
        INSERT INTO newEvent SELECT id, time, actor, action, kind, name, before, after FROM event;
        DROP TABLE event;
        ALTER TABLE newEvent RENAME TO event;

        """

    /// Contents of files are here by what is known of them; the bytes are in the directory of versions, and so are those
    /// of manifests. `removableManifest` has manifests that are written there before their version is here, or that stay
    /// there after it has gone, for as long as that lasts.
    private static let versions = """
        CREATE TABLE version (
            type TEXT NOT NULL,
            name TEXT NOT NULL,
            variant TEXT NOT NULL,
            digest TEXT NOT NULL UNIQUE,
            files INTEGER NOT NULL,
            size INTEGER NOT NULL,
            compressedSize INTEGER NOT NULL,
            signatures BLOB NOT NULL,
            mark TEXT NOT NULL,
            reason TEXT,
            createdAt TEXT NOT NULL,
            createdBy TEXT NOT NULL,
            markedAt TEXT,
            markedBy TEXT,
            PRIMARY KEY (type, name, variant)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE blob (
            digest TEXT NOT NULL PRIMARY KEY,
            size INTEGER NOT NULL,
            compressedSize INTEGER NOT NULL,
            compressedDigest TEXT NOT NULL,
            touchedAt TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE removableManifest (
            digest TEXT NOT NULL PRIMARY KEY,
            type TEXT NOT NULL,
            name TEXT NOT NULL,
            variant TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Services without a version, and servers without drives, stay as they are. `TokenRole` and `ResourceKind` say which
    /// roles and kinds there are.
    private static let installations = """
        ALTER TABLE service ADD COLUMN version TEXT;
        ALTER TABLE service ADD COLUMN digest TEXT;
        ALTER TABLE service ADD COLUMN desired TEXT CHECK (desired IN ('running', 'stopped'));
        ALTER TABLE service ADD COLUMN drive TEXT;
        CREATE TABLE serverDrive (
            server TEXT NOT NULL REFERENCES server (name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            drive TEXT NOT NULL,
            path TEXT NOT NULL,
            PRIMARY KEY (server, drive)
        ) STRICT;
        CREATE TABLE remains (
            server TEXT NOT NULL,
            service TEXT NOT NULL,
            drive TEXT,
            purged INTEGER NOT NULL CHECK (purged IN (0, 1)),
            PRIMARY KEY (server, service)
        ) STRICT;
        CREATE TABLE job (
            id TEXT NOT NULL PRIMARY KEY,
            number INTEGER NOT NULL,
            service TEXT NOT NULL,
            server TEXT NOT NULL,
            kind TEXT NOT NULL,
            version TEXT NOT NULL,
            name TEXT,
            arguments TEXT,
            createdBy TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            deadline TEXT NOT NULL,
            outcome TEXT CHECK (outcome IN ('succeeded', 'failed', 'unknown')),
            startedAt TEXT,
            endedAt TEXT,
            problem TEXT,
            output TEXT,
            CHECK ((outcome IS NULL) = (endedAt IS NULL))
        ) STRICT;
        CREATE TABLE newToken (
            name TEXT NOT NULL PRIMARY KEY,
            role TEXT NOT NULL,
            service TEXT,
            hash BLOB NOT NULL UNIQUE,
            createdAt TEXT NOT NULL,
            location TEXT,
            gateway TEXT,
            expiresAt TEXT,
            lastUsedAt TEXT,
            scopeLocations TEXT CHECK (scopeLocations IS NULL OR role = 'admin'),
            scopeTypes TEXT CHECK (scopeTypes IS NULL OR role = 'admin'),
            server TEXT,
            CHECK ((role = 'service') = (service IS NOT NULL))
        ) STRICT;
        INSERT INTO newToken
            SELECT name, role, service, hash, createdAt, location, gateway, expiresAt, lastUsedAt, scopeLocations,
                scopeTypes, NULL
            FROM token;
        DROP TABLE token;
        ALTER TABLE newToken RENAME TO token;
        CREATE INDEX tokenByServer ON token (server) WHERE server IS NOT NULL;

        """

    /// `RolloutRows` knows the form of the JSON.
    private static let rollouts = """
        CREATE TABLE rollout (
            number INTEGER NOT NULL PRIMARY KEY,
            type TEXT NOT NULL,
            version TEXT NOT NULL,
            digest TEXT NOT NULL,
            createdBy TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            endedAt TEXT,
            clock INTEGER NOT NULL,
            format INTEGER NOT NULL,
            progress TEXT NOT NULL
        ) STRICT;
        """

    /// A message that a channel has begun is in the channel's row: its identifier and its notices, until it is settled.
    private static let notices = """
        CREATE TABLE notice (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            generation INTEGER NOT NULL,
            time TEXT NOT NULL,
            severity TEXT NOT NULL,
            subject TEXT NOT NULL,
            name TEXT NOT NULL,
            title TEXT NOT NULL,
            text TEXT NOT NULL,
            location TEXT,
            type TEXT,
            resolved INTEGER NOT NULL CHECK (resolved IN (0, 1))
        ) STRICT;
        CREATE TABLE noticeOutcome (
            channel TEXT NOT NULL,
            notice INTEGER NOT NULL REFERENCES notice (number) ON DELETE CASCADE,
            state TEXT NOT NULL,
            time TEXT NOT NULL,
            problem TEXT,
            PRIMARY KEY (notice, channel)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE noticeChannel (
            name TEXT NOT NULL PRIMARY KEY,
            cursor INTEGER NOT NULL,
            message TEXT,
            numbers TEXT,
            digest INTEGER NOT NULL CHECK (digest IN (0, 1)),
            refusals INTEGER NOT NULL,
            delivered INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            expired INTEGER NOT NULL,
            CHECK ((message IS NULL) = (numbers IS NULL))
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE lostServer (
            server TEXT NOT NULL PRIMARY KEY REFERENCES server (name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            since TEXT NOT NULL,
            held INTEGER NOT NULL CHECK (held IN (0, 1))
        ) STRICT, WITHOUT ROWID;

        """
}
