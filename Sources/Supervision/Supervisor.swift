/// The workers of a service, as a value: what happens goes in, what is to be done comes out. It reads no clock and no file.
///
/// Each call walks all places of workers, 64 at most.
package struct Supervisor: Sendable, Equatable {
    /// What the master is about.
    package enum Phase: String, Sendable {
        case starting, running, reloading, stopping
    }

    /// How long a process is kept for a debugger, in milliseconds. The crash part itself waits as long.
    package static let parkTime = 30_000
    /// How long sockets stay open without a worker.
    package static let socketPatience = 1_000
    /// How long a configuration file must be left alone before it is taken.
    package static let configurationPause = 200
    /// How long a worker must live on after the signal of a reload before the next one gets it.
    package static let settleTime = 200
    /// How often a port is looked at.
    package static let probePause = 100
    /// The exit status of a master whose first workers cannot be started.
    package static let statusCannotStart: Int32 = 78

    package let settings: MasterSettings
    package internal(set) var places: [WorkerPlace]
    /// The last reload.
    package internal(set) var lastReload: ReloadResult?
    /// Why the master gave up.
    package internal(set) var problem: String?
    /// The last generation that was given to a process.
    package internal(set) var generation = 0
    var random: SplitMix
    var reload: Reload?
    /// What is to be reloaded when the reload under way is done.
    var waiting: [Reload.Wish] = []
    var configurationAt: Int?
    var probeAt: Int?
    var isStopping = false
    var isFinished = false
    /// Whether all workers have been ready once.
    var isReadyTold = false
    /// Whether any worker of this service has ever been started.
    var hasStarted = false
    var exitStatus: Int32 = 0

    var now = Moment(milliseconds: 0, wall: 0)
    var actions: [SupervisionAction] = []
    /// Crash files are written after the replacement was started.
    var records: [SupervisionAction] = []

    package init(settings: MasterSettings, seed: UInt64) {
        self.settings = settings
        random = SplitMix(seed: seed)
        places = settings.numbers.map { WorkerPlace(number: $0) }
    }

    package var phase: Phase {
        if isStopping { return .stopping }
        if reload != nil { return .reloading }
        return isReadyTold ? .running : .starting
    }

    /// The first workers are started later.
    package mutating func hold(at now: Moment) {
        for index in places.indices { places[index].emptyAt = now.wall }
    }

    /// Starts all workers that are not there.
    package mutating func begin(at now: Moment) -> [SupervisionAction] {
        self.now = now
        for index in places.indices where places[index].current == nil && places[index].startAt == nil {
            places[index].startAt = now.milliseconds
            places[index].becomeEmpty(at: now)
        }
        return settled()
    }

    /// The master ends before it has started anything.
    package mutating func cannotBegin(_ reason: String, at now: Moment) {
        problem = reason
        for index in places.indices { places[index].lastEnd = LastEnd(at: now.wall, kind: .failed, reason: reason) }
        isStopping = true
        isFinished = true
    }

    /// Notes the process of a `start`. Nothing is to be done.
    package mutating func started(_ generation: Int, _ process: ProcessIdentity) {
        change(generation) { $0.process = process }
    }

    /// Takes in what has happened. Returns what is to be done.
    package mutating func take(_ event: SupervisionEvent, at now: Moment) -> [SupervisionAction] {
        self.now = now
        guard !isFinished else { return [] }
        switch event {
        case .executed(let generation):
            hasStarted = true
            change(generation) { $0.isExecuted = true }
        case .notStarted(let generation, let reason): takeNotStarted(generation, reason)
        case .notified(let generation, let message): takeMessage(generation, message)
        case .accepts(let generation): becomeReady(generation)
        case .controlled(let generation, let message): takeControl(generation, message)
        case .crashed(let generation, let report): park(generation, .crashed, report)
        case .ended(let generation, let end, let left): takeEnd(generation, end, left)
        case .dumped(let generation):
            change(generation) { worker in
                if worker.phase.isParked { worker.killAt = min(worker.killAt, now.milliseconds) }
            }
        case .configurationTouched: configurationAt = now.milliseconds + Self.configurationPause
        case .reload: want(.reload)
        case .restart: want(.restart)
        case .ordered(let order, let ticket): take(order, ticket)
        case .stop: stop()
        case .time: break
        }
        return settled()
    }

    /// The worker of a generation.
    package func worker(_ generation: Int) -> Worker? {
        for place in places {
            if let worker = place.workers.first(where: { $0.generation == generation }) { return worker }
        }
        return nil
    }

    func index(_ generation: Int) -> Int? {
        places.firstIndex { place in place.workers.contains { $0.generation == generation } }
    }

    mutating func change(_ generation: Int, _ body: (inout Worker) -> Void) {
        guard let index = index(generation) else { return }
        places[index].change(generation, body)
    }

    /// A worker's name in messages.
    func name(_ number: Int) -> String { number == 0 ? "the program" : "worker \(number)" }

    private mutating func takeMessage(_ generation: Int, _ message: NotifyMessage) {
        let now = now
        change(generation) { worker in
            if let status = message.status { worker.status = status }
            if message.isAlive || message.isReady { worker.lastSign = now.milliseconds }
        }
        if message.isReady, settings.ready == .notify { becomeReady(generation) }
        if message.hangs, worker(generation)?.phase == .ready { park(generation, .hung, nil, cause: .trigger) }
    }
}

/// What became of a reload.
package struct ReloadResult: Sendable, Equatable {
    /// When it ended.
    package let at: Int
    /// Why it was not finished; `nil` if it was.
    package let problem: String?
}
