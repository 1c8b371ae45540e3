import AdminAPI
import Registry

/// The crashes of a registry in memory.
struct CrashWorld: Sendable {
    struct Group: Sendable {
        var head: CrashGroupHead
        var tallies: [StoredTally]
    }

    var groups: [String: Group] = [:]
    /// In the order in which they came.
    var reports: [StoredCrash] = []
    private var loops: [String: String] = [:]

    mutating func keep(
        _ given: StoredCrash, _ limits: CrashLimits, _ following: (StoredCrash, CrashStanding) -> CrashNews
    ) -> CrashKeeping {
        if let known = reports.first(where: { $0.report.id == given.report.id }) {
            return .known(group: known.group, server: known.server)
        }
        var crash = given
        if groups[crash.group] == nil, groups.count >= limits.groups { crash.group = CrashGroup.others }
        let lastSeen = groups[crash.group]?.head.lastSeen
        var group = groups[crash.group] ?? Group(head: CrashGroupHead(crash), tallies: [])
        group.head.lastSeen = max(group.head.lastSeen, crash.seenAt)
        group.head.touchedAt = crash.receivedAt
        group.count(crash, limits)
        groups[crash.group] = group
        reports.append(crash)
        dropBeyond(limits, in: crash.group)
        let start = CrashNews.loopStart(before: crash.seenAt)
        let service = crash.report.service
        let standing = CrashStanding(
            lastSeen: lastSeen,
            recent: reports.count { $0.report.service == service && $0.seenAt > start && $0.seenAt <= crash.seenAt },
            loopToldAt: loops[service])
        let news = following(crash, standing)
        if news.isLoop { loops[service] = crash.seenAt }
        return .kept(group: crash.group, news)
    }

    private mutating func dropBeyond(_ limits: CrashLimits, in group: String) {
        while reports.count(where: { $0.group == group }) > limits.reports,
            let oldest = reports.firstIndex(where: { $0.group == group })
        {
            reports.remove(at: oldest)
        }
        while reports.count > 1, reports.reduce(0, { $0 + $1.size }) > limits.bytes { reports.removeFirst() }
    }

    /// Removes groups by their fingerprints.
    mutating func remove(_ isGone: (String) -> Bool) {
        groups = groups.filter { !isGone($0.key) }
        reports.removeAll { isGone($0.group) }
    }

    mutating func prune(before time: String, step: Int) -> Int {
        let old = Set(reports.filter { $0.receivedAt < time }.prefix(step).map(\.report.id))
        reports.removeAll { old.contains($0.report.id) }
        loops = loops.filter { $0.value >= time }
        guard old.count < step else { return old.count }
        let gone = groups.filter { $0.value.head.touchedAt < time }.keys
        remove { gone.contains($0) }
        return old.count + gone.count
    }
}

extension CrashWorld.Group {
    fileprivate mutating func count(_ crash: StoredCrash, _ limits: CrashLimits) {
        let single = crash.tally(isSingle: true)
        let isSingle = tallies.contains { $0.key == single.key } || tallies.count < limits.tallies
        let counted = isSingle ? single : crash.tally(isSingle: false)
        if let index = tallies.firstIndex(where: { $0.key == counted.key }) {
            tallies[index].add(counted)
        } else {
            tallies.append(counted)
        }
    }
}
