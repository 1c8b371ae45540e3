package import AdminAPI

/// How often something crashed in one service, on one server, in one version.
package struct StoredTally: Sendable, Hashable {
    /// What is counted singly. Empty texts: what had no room of its own.
    package struct Key: Sendable, Hashable {
        package var type: String
        package var service: String
        package var server: String
        package var digest: String

        package init(type: String, service: String, server: String, digest: String) {
            self.type = type
            self.service = service
            self.server = server
            self.digest = digest
        }
    }

    package var key: Key
    package var count: Int
    package var firstSeen: String
    package var lastSeen: String
    /// Of the newest crash.
    package var lastReport: String
    package var lastService: String
    package var lastServer: String
    package var lastVersion: CrashVersion

    package init(
        key: Key, count: Int, firstSeen: String, lastSeen: String, lastReport: String, lastService: String,
        lastServer: String, lastVersion: CrashVersion
    ) {
        self.key = key
        self.count = count
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.lastReport = lastReport
        self.lastService = lastService
        self.lastServer = lastServer
        self.lastVersion = lastVersion
    }

    /// Adds what another one has counted.
    package mutating func add(_ other: StoredTally) {
        count += other.count
        firstSeen = min(firstSeen, other.firstSeen)
        guard other.lastSeen >= lastSeen else { return }
        lastSeen = other.lastSeen
        lastReport = other.lastReport
        lastService = other.lastService
        lastServer = other.lastServer
        lastVersion = other.lastVersion
    }

    /// The tally for readers.
    package var resource: CrashTally {
        CrashTally(
            type: key.type, version: key.digest.isEmpty ? CrashVersion() : lastVersion,
            server: key.server.isEmpty ? nil : key.server, service: key.service.isEmpty ? nil : key.service,
            count: count, firstSeen: firstSeen, lastSeen: lastSeen)
    }
}
