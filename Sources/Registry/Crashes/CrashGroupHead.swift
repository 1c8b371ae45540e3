package import AdminAPI

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
