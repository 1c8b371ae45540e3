import AdminAPI
import NodeAgent
import Text
import Versions

/// A server in memory with one service: what steps do to it, and what becomes of the process as time goes by. It notes
/// whatever must never happen.
struct ImaginedServer {
    var situation = ServiceSituation()
    /// Milliseconds on the boot clock.
    var time = 1_000_000
    /// Manifests that are kept.
    var kept: Set<ContentDigest> = []
    /// Versions that ADMIN has, and whether a key that is trusted signed them.
    var published: [ContentDigest: Bool] = [:]
    /// Versions whose files on the disk are others than the manifest's.
    var altered: Set<ContentDigest> = []
    /// What the agent knows until it is killed.
    var checked: Set<ContentDigest> = []
    var knownAlterations: Set<ContentDigest> = []
    var fetched: Set<ContentDigest> = []
    /// Whether the disk takes anything.
    var isFull = false
    /// How the program of a version behaves.
    var endsAtOnce: Set<ContentDigest> = []
    var neverReady: Set<ContentDigest> = []

    private(set) var starts: [ContentDigest] = []
    private(set) var stops = 0
    private(set) var faults: [String] = []
    private var instances = 0

    /// What a planner sees.
    mutating func look(_ order: ServiceOrder) -> ServiceSituation {
        advanceProcess()
        var seen = situation
        var running: ContentDigest?
        switch situation.process {
        case .alive(let process): running = process.version
        case .ended(let process): running = process.version
        case .none: break
        }
        for digest in [order.version, seen.current, running].compactMap(\.self) {
            var knowledge = VersionKnowledge(trust: kept.contains(digest) ? .trusted : .unknown)
            knowledge.isChecked = checked.contains(digest)
            knowledge.alteration = knownAlterations.contains(digest) ? "a file has another content" : nil
            knowledge.startTimeout = 5_000
            seen.versions[digest] = knowledge
        }
        seen.hasDirectory = situation.hasDirectory
        return seen
    }

    /// The agent is killed and started again: what it knew is gone, what is on the disk and what runs stays.
    mutating func killAgent() {
        checked = []
        knownAlterations = []
        fetched = []
        situation.placingTrouble = nil
        situation.processTrouble = nil
    }

    /// The machine is started again.
    mutating func reboot() {
        killAgent()
        time = 1_000
        switch situation.process {
        case .alive(let process):
            situation.process = .ended(EndedProcess(version: process.version, end: .unseen, endedAt: nil))
        case .ended(var process):
            process.endedAt = nil
            situation.process = .ended(process)
        case .none: break
        }
    }

    /// The program ends by itself.
    mutating func crash() {
        guard case .alive(let process) = situation.process else { return }
        end(process, .killed(signal: 11), wasStopped: process.isStopping)
    }

    private mutating func end(_ process: LiveProcess, _ end: EndedProcess.End, wasStopped: Bool) {
        var ended = EndedProcess(version: process.version, end: end, endedAt: time)
        ended.wasStopped = wasStopped
        ended.readyFor = process.readyAt.map { time - $0 }
        ended.starts = process.starts
        situation.process = .ended(ended)
    }

    private mutating func advanceProcess() {
        guard case .alive(var process) = situation.process, let version = process.version else { return }
        if process.isStopping { return end(process, .exited(0), wasStopped: true) }
        if endsAtOnce.contains(version), time > process.startedAt { return end(process, .exited(1), wasStopped: false) }
        if process.readyAt == nil, time >= process.startedAt + 500, !neverReady.contains(version) {
            process.readyAt = time
            situation.process = .alive(process)
        }
    }

    // MARK: Steps

    /// Carries a step out.
    ///
    /// - Parameter isCutShort: whether the agent is killed in the middle of it.
    mutating func perform(_ step: ServiceStep, _ order: ServiceOrder, isCutShort: Bool = false) {
        switch step {
        case .fetchManifest(let digest):
            guard let isTrusted = published[digest], isTrusted else {
                return trouble("the version \(digest.short)… is not trusted")
            }
            if !isCutShort { kept.insert(digest) }
        case .fetchBlobs(let digest):
            if isFull { return trouble("no space") }
            if !isCutShort { fetched.insert(digest) }
        case .place(let digest, _):
            if !kept.contains(digest) { faults.append("placed without a manifest") }
            if isFull { return trouble("no space") }
            // What is half made has no name.
            guard !isCutShort else { return }
            situation.hasDirectory = true
            situation.placed.insert(digest)
            altered.remove(digest)
            knownAlterations.remove(digest)
            checked.insert(digest)
        case .remove(let digest):
            if digest == situation.current || digest == order.version { faults.append("a version in use was removed") }
            situation.placed.remove(digest)
            altered.remove(digest)
        case .check(let digest):
            guard !isCutShort else { return }
            checked.insert(digest)
            if altered.contains(digest) { knownAlterations.insert(digest) }
        case .stop(let instance): stop(instance, order)
        case .end(let instance): stop(instance, order)
        case .activate(let digest): activate(digest, isCutShort)
        case .start(let digest, let count): start(digest, count)
        case .forget:
            if case .alive = situation.process { faults.append("forgotten while it runs") }
            if !isCutShort { situation.process = .none }
        case .purge:
            if case .alive = situation.process { faults.append("purged while it runs") }
            altered = []
            if isCutShort {
                situation.placed = []
            } else {
                situation = ServiceSituation()
            }
        case .awaitEnd, .awaitReady, .pause: break
        }
        situation.placingTrouble = nil
    }

    private mutating func trouble(_ reason: String) {
        situation.placingTrouble = ServiceSituation.Trouble(reason: reason, retryAt: time + 2_000)
    }

    private mutating func activate(_ digest: ContentDigest, _ isCutShort: Bool) {
        if !situation.placed.contains(digest) { faults.append("a version that is not there became current") }
        if case .alive = situation.process { faults.append("current changed under a program that runs") }
        if let current = situation.current { situation.previous = current }
        if !isCutShort { situation.current = digest }
    }

    private mutating func start(_ digest: ContentDigest, _ count: StartCount) {
        if case .alive = situation.process { faults.append("started twice") }
        if !situation.placed.contains(digest) { faults.append("a version that is not whole was started") }
        if altered.contains(digest) { faults.append("a version that was altered was started") }
        if !kept.contains(digest) { faults.append("a version that nobody trusts was started") }
        if situation.current != digest { faults.append("another version than the current one was started") }
        instances += 1
        starts.append(digest)
        var process = LiveProcess(instance: "i\(instances)", version: digest, startedAt: time)
        process.starts = count
        situation.process = .alive(process)
    }

    private mutating func stop(_ instance: String, _ order: ServiceOrder) {
        guard case .alive(var process) = situation.process, process.instance.isExactly(instance) else { return }
        stops += 1
        let isTooSlow = process.readyAt == nil && time >= process.startedAt + 5_000
        if order.desired == .running, process.version == order.version, !isTooSlow {
            faults.append("stopped without a reason")
        }
        process.isStopping = true
        situation.process = .alive(process)
    }
}

/// Digests that tests name by a number.
func digest(_ number: Int) -> ContentDigest { ContentDigest(of: "version \(number)".utf8) }
