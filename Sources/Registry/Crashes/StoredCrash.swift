package import AdminAPI
import Names
import Text

/// A crash report as ADMIN keeps it.
package struct StoredCrash: Sendable, Hashable {
    package var report: CrashReport
    package var server: String
    package var type: String
    /// As ADMIN knew it when the report came.
    package var version: CrashVersion
    /// RFC 3339 in UTC.
    package var receivedAt: String
    /// When it crashed, RFC 3339 in UTC; never later than `receivedAt`, however the server's clock is set.
    package var seenAt: String
    /// The fingerprint of the group in which it is.
    package var group: String

    /// - Parameters:
    ///   - version: what ADMIN knows of the version in the report.
    ///   - receivedAt: in the registry's form.
    package init(_ report: CrashReport, from server: String, version: CrashVersion, receivedAt: String) {
        self.report = report
        self.server = server
        type = ServiceName(report.service)?.type ?? ""
        self.version = version
        self.receivedAt = receivedAt
        seenAt = min(Timestamp.inUTC(report.at) ?? receivedAt, receivedAt)
        group = report.fingerprint
    }

    /// Where it crashed: the innermost function of the program that is known, or else of a library.
    package var function: String? {
        let known = report.frames.filter { $0.function != nil }
        let own = known.first { $0.module.map { $0.isExactly(report.program) } ?? false }
        return (own ?? known.first)?.function
    }

    /// Bytes that it takes up, about.
    package var size: Int { report.text.utf8.count + report.frames.count * 200 + 500 }

    /// What it counts for in its group.
    ///
    /// - Parameter isSingle: whether there is room to count it by service, server and version.
    package func tally(isSingle: Bool) -> StoredTally {
        StoredTally(
            key: StoredTally.Key(
                type: type, service: isSingle ? report.service : "", server: isSingle ? server : "",
                // Of versions that ADMIN does not know a node could name any number.
                digest: isSingle && version.name != nil ? version.digest ?? "" : ""),
            count: 1, firstSeen: seenAt, lastSeen: seenAt, lastReport: report.id, lastService: report.service,
            lastServer: server, lastVersion: version)
    }

    /// The report for readers.
    ///
    /// - Parameter isWhole: whether with frames and text.
    package func resource(isWhole: Bool) -> CrashResource {
        CrashResource(
            id: report.id, fingerprint: group, service: report.service, server: server, version: version,
            worker: report.worker, pid: report.pid, at: Timestamp.inUTC(report.at) ?? receivedAt,
            receivedAt: receivedAt, kind: report.kind, signal: report.signal, exitCode: report.exitCode,
            program: report.program, threads: report.threads, dumpSize: report.dumpSize, problem: report.problem,
            frames: isWhole ? report.frames : nil, text: isWhole ? report.text : nil)
    }
}

/// What crashes of a group have in common.
package struct CrashGroupHead: Sendable, Hashable {
    package var fingerprint: String
    package var kind: CrashKind
    package var signal: Int?
    package var function: String?
    /// RFC 3339 in UTC.
    package var lastSeen: String
    /// When the newest report came; what was not touched for the retention goes.
    package var touchedAt: String

    package init(
        fingerprint: String, kind: CrashKind, signal: Int?, function: String?, lastSeen: String, touchedAt: String
    ) {
        self.fingerprint = fingerprint
        self.kind = kind
        self.signal = signal
        self.function = function
        self.lastSeen = lastSeen
        self.touchedAt = touchedAt
    }

    /// The head of a group that begins with a crash.
    package init(_ crash: StoredCrash) {
        self.init(
            fingerprint: crash.group, kind: crash.report.kind, signal: crash.report.signal, function: crash.function,
            lastSeen: crash.seenAt, touchedAt: crash.receivedAt)
    }
}

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

/// Which crashes are listed. A member that is `nil` lets all through.
package struct CrashFilter: Sendable, Hashable {
    package var type: String?
    package var service: String?
    package var server: String?
    /// The name of a version, or a SHA-256 of a manifest.
    package var version: String?
    /// Groups that were seen at this time (RFC 3339 in UTC) or later.
    package var since: String?

    package init(
        type: String? = nil, service: String? = nil, server: String? = nil, version: String? = nil,
        since: String? = nil
    ) {
        self.type = type
        self.service = service
        self.server = server
        self.version = version
        self.since = since
    }

    /// Whether it lets what a tally counts through.
    package func lets(_ tally: StoredTally) -> Bool {
        func agrees(_ wanted: String?, _ value: String?) -> Bool {
            wanted.map { wanted in value.map { wanted.isExactly($0) } ?? false } ?? true
        }
        return agrees(type, tally.key.type) && agrees(service, tally.key.service) && agrees(server, tally.key.server)
            && (version == nil
                || !tally.key.digest.isEmpty
                    && (agrees(version, tally.lastVersion.name) || agrees(version, tally.key.digest)))
    }
}

extension CrashGroup {
    /// The group of some tallies; `nil`: there are none.
    package init?(_ head: CrashGroupHead, _ tallies: [StoredTally]) {
        guard var sum = tallies.first else { return nil }
        for tally in tallies.dropFirst() { sum.add(tally) }
        func number(_ texts: [String]) -> Int { Set(texts.filter { !$0.isEmpty }).count }
        self.init(
            fingerprint: head.fingerprint, kind: head.kind, signal: head.signal, function: head.function,
            count: sum.count, firstSeen: sum.firstSeen, lastSeen: sum.lastSeen,
            services: number(tallies.map(\.key.service)), servers: number(tallies.map(\.key.server)),
            versions: number(tallies.map(\.key.digest)), lastReport: sum.lastReport, lastService: sum.lastService,
            lastServer: sum.lastServer, lastVersion: sum.lastVersion)
    }

    /// The groups that a filter lets through.
    package static func groups(
        _ all: [(head: CrashGroupHead, tallies: [StoredTally])], _ filter: CrashFilter
    ) -> [CrashGroup] {
        all.compactMap { CrashGroup($0.head, $0.tallies.filter(filter.lets)) }
            .filter { group in filter.since.map { group.lastSeen >= $0 } ?? true }
    }
}

/// What is kept of crashes at most. What is beyond is counted.
package struct CrashLimits: Sendable, Hashable {
    /// Groups; crashes of further fingerprints are in the group `CrashGroup.others`.
    package var groups = 5_000
    /// Reports of a group: the newest.
    package var reports = 1_000
    /// Services, servers and versions of a group that are counted singly.
    package var tallies = 1_000
    /// Bytes of all reports, about: the oldest go.
    package var bytes = 512 << 20

    package init() {}
}
