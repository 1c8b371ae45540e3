import Supervision
import TestSupport

/// Processes, a clock and a store of descriptors that a `Supervisor` works on. It checks after each step what must hold.
struct SimulatedHost {
    /// What a process does.
    struct Behaviour {
        /// Milliseconds until it is ready; `nil`: never.
        var ready: Int? = 50
        /// Milliseconds until it ends by itself.
        var life: Int?
        /// Milliseconds until it crashes and waits for a debugger.
        var crash: Int?
        /// Milliseconds until it gives no sign of life any more.
        var hang: Int?
        /// Whether the signal to end does nothing.
        var isStubborn = false
        /// Why it cannot be started.
        var fault: String?
    }

    struct Process {
        let number: Int
        let identity: ProcessIdentity
        let behaviour: Behaviour
        var isAlive = true
        var isHanging = false
        /// Under which phase the keeper has it; `nil`: it does not.
        var stored: Worker.Phase?
        var signals: [Int32] = []
    }

    let settings: MasterSettings
    private(set) var supervisor: Supervisor
    private(set) var now = Moment(milliseconds: 1_000_000, wall: 1_800_000_000)
    private(set) var processes: [Int: Process] = [:]
    private(set) var records: [CrashRecord] = []
    private(set) var finished: Int32?
    private(set) var isReadyTold = false
    private(set) var problems: [String] = []
    private(set) var closed: [Int] = []
    private(set) var sent: [Int: [ControlOrder]] = [:]
    /// What has become of orders, by their tickets.
    private(set) var done: [Int: String] = [:]
    /// What processes do, by the number of the worker and the start's place among all.
    var behaviour: (_ number: Int, _ start: Int) -> Behaviour = { _, _ in Behaviour() }
    /// The number of actions so far, and after which the master is killed.
    private(set) var actions = 0
    var killAfter: Int?
    private(set) var isKilled = false
    /// Of what the last state files were written, the last one last.
    private var written: [Supervisor] = []
    private var events: [(at: Int, event: SupervisionEvent)] = []
    private var starts = 0
    private var nextPID = 100
    private var onceDone: Set<String> = []

    init(_ settings: MasterSettings, seed: UInt64 = 1) {
        self.settings = settings
        supervisor = Supervisor(settings: settings, seed: seed)
    }

    static func settings(workers: Int = 2, _ change: (inout MasterSettings) -> Void = { _ in }) -> MasterSettings {
        var settings = MasterSettings(name: "pgw.1", directory: "/d", program: ["/p"])
        settings.workers = workers
        settings.ready = .notify
        settings.startTimeout = 5_000
        settings.stopTimeout = 2_000
        settings.listen = [try! ListenSpecification("http=tcp:8080")]
        change(&settings)
        return settings
    }

    // The master

    mutating func begin() { perform(supervisor.begin(at: now)) }

    mutating func feed(_ event: SupervisionEvent) {
        guard !isKilled else { return }
        perform(supervisor.take(event, at: now))
        check()
    }

    /// Another master takes over.
    ///
    /// - Parameter age: how many state files ago the one is that it finds; `nil`: there is none.
    mutating func takeOver(age: Int?) {
        isKilled = false
        killAfter = nil
        onceDone = []
        let old = age.flatMap { age in written.isEmpty ? nil : written[max(0, written.count - 1 - age)] }
        let file = old?.state(master: 1, startedAt: now.wall, boot: "b", configuration: nil, crashesDropped: 0)
        let saved = file.flatMap { SavedState($0) }
        if file != nil, saved == nil { problems.append("the state file cannot be read") }
        supervisor = Supervisor(settings: settings, seed: 2)
        var found: [FoundWorker] = []
        for (generation, process) in processes.sorted(by: { $0.key < $1.key }) {
            guard let stored = process.stored else { continue }
            guard process.isAlive || saved?.workers.contains(where: { $0.generation == generation }) == true else {
                processes[generation]?.stored = nil
                continue
            }
            found.append(
                FoundWorker(
                    number: process.number, generation: generation, process: process.identity, phase: stored,
                    hasSockets: true))
        }
        perform(supervisor.adopt(found, saved: saved, at: now))
        for one in found {
            guard let generation = one.generation, processes[generation]?.isAlive == false else { continue }
            feed(.ended(generation: generation, .unknown))
        }
    }

    private mutating func perform(_ actions: [SupervisionAction]) {
        var faults: [SupervisionEvent] = []
        for action in actions {
            guard !isKilled else { return }
            if let fault = perform(action) { faults.append(fault) }
            self.actions += 1
            if self.actions == killAfter { isKilled = true }
        }
        guard !isKilled else { return }
        written = written.suffix(3) + [supervisor]
        for fault in faults { feed(fault) }
    }

    private mutating func once(_ text: String) {
        if !onceDone.insert(text).inserted { problems.append("twice: \(text)") }
    }

    private mutating func perform(_ action: SupervisionAction) -> SupervisionEvent? {
        switch action {
        case .start(let number, let generation): return start(number, generation)
        case .closeSockets(let number): closed.append(number)
        case .mark(_, let generation, let phase): processes[generation]?.stored = phase
        case .signal(let generation, let signal):
            processes[generation]?.signals.append(signal)
            if signal == settings.stopSignal {
                once("stop signal to \(generation)")
                if processes[generation]?.behaviour.isStubborn == false, processes[generation]?.isHanging == false {
                    events.append((now.milliseconds + 20, .ended(generation: generation, .exited(0))))
                }
            }
        case .kill(let generation):
            once("kill \(generation)")
            events.append((now.milliseconds + 1, .ended(generation: generation, .killed(9))))
        case .send(let generation, let order): sent[generation, default: []].append(order)
        case .record(let record):
            once("record \(record.generation)")
            records.append(record)
        case .forget(_, let generation):
            if processes[generation]?.isAlive == true { problems.append("\(generation) is forgotten and lives") }
            processes[generation]?.stored = nil
        case .tellReady:
            once("ready")
            isReadyTold = true
        case .finish(let status):
            finished = status
            if processes.values.contains(where: \.isAlive) { problems.append("it ends before its workers") }
        case .done(let ticket, let problem):
            once("ticket \(ticket)")
            done[ticket] = problem ?? "done"
        case .notReloaded(let ticket, let reason):
            once("ticket \(ticket)")
            done[ticket] = reason
        case .dumped(let ticket, let record):
            once("ticket \(ticket)")
            if records.last != record { problems.append("the dump of \(record.generation) has no crash file") }
            done[ticket] = "dumped"
        case .probe, .noteConfiguration, .say: break
        }
        return nil
    }

    private mutating func start(_ number: Int, _ generation: Int) -> SupervisionEvent? {
        // After a master that was killed it may be that of a process that has ended, if the state file is older.
        if let old = processes[generation], old.isAlive || old.stored != nil {
            problems.append("generation \(generation) is started twice")
        }
        starts += 1
        let behaviour = behaviour(number, starts)
        if let fault = behaviour.fault { return .notStarted(generation: generation, reason: fault) }
        nextPID += 1
        let identity = ProcessIdentity(pid: nextPID, start: now.milliseconds)
        var process = Process(number: number, identity: identity, behaviour: behaviour)
        process.stored = .starting
        processes[generation] = process
        supervisor.started(generation, identity)
        let at = now.milliseconds
        events.append((at, .executed(generation: generation)))
        if let ready = behaviour.ready {
            var message = NotifyMessage()
            message.isReady = true
            events.append((at + ready, .notified(generation: generation, message)))
        }
        if let life = behaviour.life { events.append((at + life, .ended(generation: generation, .exited(3)))) }
        if let crash = behaviour.crash {
            let report = WorkerCrash(pid: identity.pid, thread: 1, signal: 11, code: 1, address: 0, pc: 0)
            events.append((at + crash, .crashed(generation: generation, report)))
        }
        return nil
    }

    // Time

    /// Lets time pass. Every event and every deadline comes at its own millisecond.
    mutating func run(_ milliseconds: Int) {
        let end = now.milliseconds + milliseconds
        while finished == nil && !isKilled {
            let event = events.map(\.at).min() ?? .max
            var next = min(event, supervisor.nextDeadline ?? .max)
            if let watchdog = settings.watchdog { next = min(next, now.milliseconds + watchdog / 3) }
            guard next <= end else { break }
            now.milliseconds = max(now.milliseconds, next)
            beat()
            if let index = events.firstIndex(where: { $0.at <= now.milliseconds }) {
                deliver(events.remove(at: index).event)
            } else {
                feed(.time)
            }
            if let deadline = supervisor.nextDeadline, deadline <= now.milliseconds, !isKilled, finished == nil {
                problems.append("a deadline at \(deadline) stays due at \(now.milliseconds)")
                return
            }
        }
        if !isKilled { now.milliseconds = max(now.milliseconds, end) }
    }

    private mutating func beat() {
        guard settings.watchdog != nil else { return }
        var message = NotifyMessage()
        message.isAlive = true
        for (generation, process) in processes where process.isAlive {
            if let hang = process.behaviour.hang, process.identity.start + hang <= now.milliseconds {
                processes[generation]?.isHanging = true
            } else {
                feed(.notified(generation: generation, message))
            }
        }
    }

    private mutating func deliver(_ event: SupervisionEvent) {
        switch event {
        case .ended(let generation, _, _):
            guard processes[generation]?.isAlive == true else { return }
            processes[generation]?.isAlive = false
        case .notified(let generation, _):
            guard processes[generation]?.isAlive == true else { return }
        case .crashed(let generation, _):
            guard processes[generation]?.isAlive == true else { return }
            // The master does so before it reads the record.
            processes[generation]?.stored = .crashed
        default: break
        }
        feed(event)
    }

    /// A process ends for a reason of its own.
    mutating func end(_ generation: Int, _ end: WorkerEnd) { deliver(.ended(generation: generation, end)) }

    mutating func jump(by seconds: Int) { now.wall += seconds }

    // What must hold

    private mutating func check() {
        for place in supervisor.places {
            let parked = place.leaving.filter(\.phase.isParked)
            let open = [place.current, place.next].compactMap(\.self)
            if parked.count > 1 { problems.append("\(place.number): \(parked.count) are kept for a debugger") }
            if place.next != nil && place.current == nil {
                problems.append("\(place.number): a second without a first")
            }
            for worker in open where worker.phase != .starting && worker.phase != .ready {
                problems.append("\(place.number): \(worker.phase) has the place")
            }
        }
        // No process that the supervisor does not know of.
        let known = Set(supervisor.places.flatMap(\.workers).map(\.generation))
        for (generation, process) in processes where process.isAlive && !known.contains(generation) {
            problems.append("\(generation) is nobody's")
        }
    }

    /// How many workers serve in fact.
    var serving: Int { supervisor.places.count(where: \.isServed) }

    /// Whether the next master finds any.
    var hasWorkers: Bool { processes.values.contains { $0.isAlive && $0.stored != nil } }

    func alive(_ number: Int) -> [Int] {
        processes.filter { $0.value.number == number && $0.value.isAlive }.map(\.key).sorted()
    }
}
