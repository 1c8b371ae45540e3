import CEvents
import Glibc
import HealthChecks
public import Logging
public import ServiceSupport

/// Probes the targets that the gateway's daemon tells, and tells it verdicts. One thread, which nothing blocks.
public final class Prober {
    /// Milliseconds by which the loop must be behind its plan to have slept: the process was stopped, or the machine.
    private static let sleep = 500
    /// How many probes begin before events are looked at again.
    private static let mostBeginnings = 256
    /// A digest of each target is sent once in so many seconds, if there are not too few or too many of them.
    private static let digestTurn = 30
    private static let digests = 10...200

    private let poller: Poller
    private let runner: ProbeRunner
    private let link: DaemonLink
    private let logger: Logger
    private let stop: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    private var targets: ContiguousArray<ProbedTarget?> = []
    private var free: [Int] = []
    private var places: [UInt64: Int] = [:]
    private var schedule = ProbeSchedule<Int>()
    /// Targets whose programs wait until others have ended, with when they were due.
    private var waitingCommands: [Int] = []
    private var changed: [Int] = []

    private var lateness = LatenessWindow()
    private var probes = 0
    private var failed = 0
    /// How many targets each problem concerns.
    private var problems: [String: Int] = [:]
    private var lastProblem: String?
    private var nextSecond = Instant.now.milliseconds

    /// - Parameters:
    ///   - stop: a descriptor that becomes readable when the prober is to end. It stays the caller's.
    /// - Throws: if the kernel has no means to wait for events.
    public init(_ settings: ProberSettings, stop: Int32, logger: Logger) throws(FileError) {
        poller = try Poller()
        runner = ProbeRunner(poller, authorities: settings.authorities)
        runner.prepareForCommands()
        link = DaemonLink(settings.socket, poller, logger)
        self.logger = logger
        self.stop = stop
        guard poller.add(stop, EventTag(.stop), .reading) else { throw FileError(path: "epoll", errno: errno) }
    }

    deinit { buffer.deallocate() }

    /// Probes until it is told to end.
    ///
    /// - Parameter everySecond: called each second, as a sign of life.
    public func run(everySecond: () -> Void = {}) {
        var last = Instant.now
        while true {
            let pause = pause(from: last)
            let count = poller.wait(milliseconds: pause)
            let now = Instant.now
            noteSleep(of: now - last - pause * 1_000)
            last = now
            for index in 0..<count {
                let event = poller[index]
                switch event.tag.kind {
                case .stop: return runner.cancelAll()
                case .daemon: receive(event)
                default: runner.handle(event)
                }
            }
            // Answers that have come count, even if the prober is late to see them.
            runner.expire(at: now)
            settle()
            begin()
            if now.milliseconds >= nextSecond {
                nextSecond += 1_000
                if nextSecond <= now.milliseconds { nextSecond = now.milliseconds + 1_000 }
                tell()
                everySecond()
            }
            link.connect(at: now.milliseconds)
            link.flush()
            if link.isStuck { disconnect("the daemon does not read") }
        }
    }

    /// Notes that the loop is behind its plan by so many microseconds.
    private func noteSleep(of time: Int) {
        guard time > Self.sleep * 1_000 else { return }
        runner.noteSleep()
        // Even if each target waited for an answer meanwhile, and none for its next probe.
        if !places.isEmpty { lateness.record(time) }
    }

    /// Milliseconds until something is to be done.
    private func pause(from now: Int) -> Int {
        if !runner.finished.isEmpty { return 0 }
        let next = [nextSecond, schedule.next, runner.nextDeadline, link.nextAttempt].compactMap(\.self).min()
        return max(0, (next ?? 0) - now.milliseconds)
    }

    // MARK: The daemon

    private func receive(_ event: Poller.Event) {
        // What has ended belongs to the targets as they are, not to those that the daemon tells now.
        settle()
        guard let messages = link.receive(event, into: buffer, at: Instant.now.milliseconds) else { return forget() }
        for message in messages {
            switch message {
            case .target(let id, let target, let known): add(id, target, known)
            case .remove(let id): remove(id)
            case .greeting, .whole: break
            }
        }
    }

    private func disconnect(_ reason: String) {
        link.drop(reason, at: Instant.now.milliseconds)
        forget()
    }

    /// Forgets all targets: the daemon tells them anew.
    private func forget() {
        runner.cancelAll()
        targets = []
        free = []
        places = [:]
        schedule = ProbeSchedule()
        waitingCommands = []
        changed = []
        probes = 0
        failed = 0
        problems = [:]
    }

    private func add(_ id: UInt64, _ target: ProbeTarget, _ known: DaemonMessage.KnownVerdict?) {
        remove(id)
        let now = Instant.now.milliseconds
        let place = free.popLast() ?? targets.count
        if place == targets.count { targets.append(nil) }
        let timing = target.check.timing
        let phase = Int.random(in: 0..<timing.interval)
        // Without a verdict, a first probe is made sooner than by the phase.
        let first = known == nil ? phase % timing.fastInterval : phase
        targets[place] = ProbedTarget(id, target, known, at: now)
        targets[place]?.firstPause = phase > first ? phase - first : nil
        places[id] = place
        schedule.add(place, at: now, interval: timing.interval, phase: UInt64(first))
    }

    private func remove(_ id: UInt64) {
        guard let place = places.removeValue(forKey: id), let target = targets[place] else { return }
        if let flight = target.flight { runner.cancel(flight) }
        count(target.problem, by: -1)
        schedule.remove(place)
        waitingCommands.removeAll { $0 == place }
        targets[place] = nil
        free.append(place)
    }

    // MARK: Probes

    /// Begins the probes that are due.
    private func begin() {
        while runner.hasRoomForCommand, !waitingCommands.isEmpty {
            begin(waitingCommands.removeFirst(), at: Instant.now)
        }
        for _ in 0..<Self.mostBeginnings {
            let now = Instant.now
            guard let (place, late) = schedule.take(at: now.milliseconds), let target = targets[place] else { return }
            let interval = target.target.check.timing.interval
            if late >= interval {
                lateness.record(now - (now.milliseconds - late) * 1_000)
                // A whole turn was missed, as after a sleep, and by many targets: each gets a new phase.
                schedule.reschedule(place, due: now.milliseconds + Int.random(in: 0..<interval))
                continue
            }
            targets[place]?.due = now.milliseconds - late
            if case .command = target.target.check.probe, !runner.hasRoomForCommand {
                waitingCommands.append(place)
            } else {
                begin(place, at: now)
            }
        }
    }

    private func begin(_ place: Int, at now: Int) {
        guard let target = targets[place] else { return }
        lateness.record(now - target.due * 1_000)
        targets[place]?.flight = runner.begin(target.target, target.name, for: place, at: now)
    }

    /// Takes the outcomes of probes that have ended.
    private func settle() {
        for result in runner.takeFinished() {
            let place = result.owner
            let now = Instant.now.milliseconds
            guard targets[place] != nil else { continue }
            let problem = targets[place]?.problem
            let isNews = targets[place]?.record(result.outcome, latency: result.latency, at: now) ?? false
            targets[place]?.flight = nil
            guard let target = targets[place] else { continue }
            if problem != target.problem {
                count(problem, by: -1)
                count(target.problem, by: 1)
            }
            // The phase is kept. A probe that takes longer than its interval delays the next one.
            let pause = target.firstPause ?? target.health.pause(target.target.check.timing)
            targets[place]?.firstPause = nil
            schedule.reschedule(place, due: max(now, target.due + pause))
            switch result.outcome {
            case .void: continue
            case .failure:
                failed += 1
                probes += 1
            case .success: probes += 1
            }
            if isNews, let verdict = target.verdict(at: now) {
                link.send(verdict)
            } else if !target.isChanged {
                targets[place]?.isChanged = true
                changed.append(place)
            }
        }
    }

    private func count(_ problem: String?, by number: Int) {
        guard let problem else { return }
        problems[problem, default: 0] += number
        if problems[problem] == 0 { problems[problem] = nil }
    }

    // MARK: Every second

    private func tell() {
        let problem = problems.max { ($0.value, $1.key) < ($1.value, $0.key) }
        if problem?.key != lastProblem {
            if let problem { logger.error("Cannot probe: \(problem.key).") } else { logger.notice("Probing again.") }
            lastProblem = problem?.key
        }
        if link.isOpen {
            link.send(
                .alive(
                    ProberMessage.ProberState(
                        targets: places.count, probes: probes, failed: failed, lateness: lateness.summary,
                        problem: problem.map { "\($0.key) (\($0.value) of \(places.count) targets)" })))
            if link.isDraining, !changed.isEmpty { tellDigests() }
        }
        lateness.advance()
    }

    private func tellDigests() {
        let number = max(Self.digests.lowerBound, min(Self.digests.upperBound, places.count / Self.digestTurn))
        var told = 0
        let end = changed.firstIndex { place in
            // Another target may have the place meanwhile, or none.
            if let target = targets[place], target.isChanged {
                link.send(target.digest)
                targets[place]?.isChanged = false
                told += 1
            }
            return told >= number
        }
        changed.removeSubrange(...(end ?? changed.endIndex - 1))
    }
}
