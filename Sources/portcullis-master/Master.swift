import CEvents
import CMaster
import Glibc
import JSON
import MasterLink
import Supervision
import Text

/// The master: one loop in one thread, which tells the `Supervisor` what happens and does what it says.
final class Master {
    /// How long it is waited for the keeper's word on how a process has ended, in milliseconds.
    static let patience = 250
    private static let statusFailed: Int32 = 1
    private static let statusLocked: Int32 = 75

    let settings: MasterSettings
    let poller = Poller()
    let store: KeeperStore
    let sockets: ServiceSockets
    let crashes: CrashFolder
    let stateFile: StateFile
    let environment: WorkerEnvironment
    /// Where what workers print goes; `nil`: they print by themselves.
    let log: ServiceLog?
    let boot = ProcessTable.boot
    let startedAt = Moment.now.wall
    let notifyPath: String
    /// The limit of open files that workers get.
    let files: UInt
    /// What an earlier master of this boot has written.
    let saved: SavedState?

    var supervisor: Supervisor
    /// The processes that live, by their generations.
    var handles: [Int: WorkerHandle] = [:]
    var exitStatus: Int32?
    /// What ADMIN has ordered; `nil`: there is no link to ADMIN.
    let desk: LinkDesk?
    var link: MasterLink?
    var console = LuaConsole(process: Int(getpid()))
    private let signals: Int32
    private let notify: Int32
    private let keeper: Int32?
    private let watch: FileWatch
    /// The configuration file that was taken last.
    private(set) var configuration: String?
    /// Until when the first workers wait for ADMIN's word on their configuration; `nil`: they do not wait.
    var heldUntil: Int?
    /// What has happened while something was being done.
    private var happened: [SupervisionEvent] = []
    private var isPerforming = false

    /// Runs to the end. Returns the exit status.
    ///
    /// - Parameter link: where the link to ADMIN leads; `nil`: there is none.
    static func run(_ settings: MasterSettings, link: LinkSettings?) -> Int32 {
        // First of all: a signal that comes meanwhile must wait.
        let numbers = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]
        let signals = ce_signals(numbers, Int32(numbers.count))
        var settings = settings
        mkdir(settings.directory, 0o750)
        // Workers get paths, and may have another directory.
        guard let directory = realpath(settings.directory, nil) else {
            Log.say("\(settings.directory): \(Log.text(errno))")
            return statusFailed
        }
        settings.directory = String(cString: directory)
        free(directory)
        // Held until this process ends. By hand, a second master would take over the workers of one that is there.
        guard let lock = DirectoryLock(settings.directory) else {
            Log.say("\(settings.directory): another master runs there")
            return statusLocked
        }
        defer { withExtendedLifetime(lock) {} }
        guard let master = Master(settings, signals: signals, link: link) else { return statusFailed }
        return master.loop(link)
    }

    private init?(_ settings: MasterSettings, signals: Int32, link: LinkSettings?) {
        self.settings = settings
        signal(SIGPIPE, SIG_IGN)
        store = KeeperStore()
        log = ServiceLog(settings: settings, store: store, poller: poller)
        Log.own = log
        if settings.log != nil, log == nil { return nil }
        // The sockets of a worker, its crash pipe and its control socket come from 3 on.
        let end = 3 + Int32(settings.sockets.count) + 2
        files = OpenFiles.raise(keeping: store.inherited.map(\.descriptor), above: end)
        sockets = ServiceSockets(settings: settings, store: store)
        stateFile = StateFile(directory: settings.directory)
        let found = stateFile.read()
        saved = found?.boot.isExactly(boot) == true ? found : nil
        crashes = CrashFolder(settings: settings, boot: boot, dropped: saved?.crashesDropped ?? 0)
        watch = FileWatch(configuration: settings.configuration, crashes: crashes.path)
        environment = WorkerEnvironment(settings: settings, inherited: ProcessEnvironment.variables)
        notifyPath = settings.directory + "/notify"
        configuration = saved?.configuration
        var random = SystemRandomNumberGenerator()
        supervisor = Supervisor(settings: settings, seed: random.next())

        if let stored = store.inherited.first(where: { $0.name == .notify })?.descriptor, access(notifyPath, F_OK) == 0
        {
            notify = stored
        } else {
            notify = master_notify_socket(notifyPath)
            if notify >= 0 { store.put(.notify, notify) }
        }
        desk = link == nil ? nil : LinkDesk(settings)
        keeper = store.inherited.first { $0.name == .keeper }?.descriptor
        self.signals = signals
        guard notify >= 0, signals >= 0, watch.descriptor >= 0 else {
            Log.say("\(notifyPath): \(Log.text(errno))")
            return nil
        }
        poller.add(signals, .signals)
        poller.add(notify, .notify)
        poller.add(watch.descriptor, .files)
        if let keeper { poller.add(keeper, .keeper) }
        if let desk { poller.add(desk.bell, .link) }
    }

    private func loop(_ link: LinkSettings?) -> Int32 {
        begin(link)
        if let link, exitStatus == nil { beginLink(link) }
        while exitStatus == nil {
            let now = Moment.now.milliseconds
            let due =
                ([
                    supervisor.nextDeadline, stateFile.dueAt, log?.dueAt(now), desk?.jobs.nextDeadline,
                    console.nextDeadline, heldUntil,
                ]
                + handles.values.map { $0.endedAt.map { $0 + Self.patience } })
                .compactMap(\.self).min()
            for event in poller.wait(milliseconds: due.map { $0 - now }) { take(event) }
            log?.work(at: Moment.now.milliseconds)
            takeUnknownEnds()
            expireLua()
            desk?.expire()
            releaseInTime()
            feed(.time)
            settleLate()
            tellLink()
            if let dueAt = stateFile.dueAt, dueAt <= Moment.now.milliseconds { writeState() }
        }
        writeState()
        unlink(notifyPath)
        log?.finish()
        if let problem = supervisor.problem { Log.say(problem) }
        return exitStatus ?? 0
    }

    // What happens

    /// Tells the supervisor, and does what it says.
    func feed(_ event: SupervisionEvent) {
        happened.append(event)
        guard !isPerforming else { return }
        isPerforming = true
        while !happened.isEmpty {
            let event = happened.removeFirst()
            for action in supervisor.take(event, at: .now) { perform(action) }
        }
        isPerforming = false
        noteChange()
    }

    /// Has the state file written soon. Before the first workers there is nothing to find for a next master.
    func noteChange() {
        if heldUntil == nil { stateFile.touch(at: Moment.now.milliseconds) }
    }

    func perform(_ actions: [SupervisionAction]) {
        isPerforming = true
        for action in actions { perform(action) }
        isPerforming = false
        feed(.time)
    }

    private func take(_ event: Poller.Event) {
        switch event.source {
        case .signals: takeSignals()
        case .notify: takeNotifications()
        case .keeper: takeKeeper()
        case .files: takeFiles()
        case .process: takeProcess(event.generation)
        case .crash: takeCrash(event.generation)
        case .control: takeControl(event.generation)
        case .fault: takeFault(event.generation)
        case .output: log?.note(Int32(event.generation))
        case .link: takeLink()
        }
    }

    private func takeSignals() {
        var found = signalfd_siginfo()
        while read(signals, &found, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size {
            switch Int32(found.ssi_signo) {
            case SIGHUP: feed(.reload)
            case SIGUSR1: feed(.restart)
            default: feed(.stop)
            }
        }
    }

    private func takeNotifications() {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        // No more than so many at once: others wait, too.
        for _ in 0..<256 {
            var sender: pid_t = 0
            let count = master_receive(notify, &buffer, buffer.count, &sender)
            guard count >= 0 else { return }
            guard let generation = generation(of: sender) else { continue }
            feed(.notified(generation: generation, NotifyMessage(buffer[..<count])))
        }
    }

    /// The worker that a process belongs to: itself, or one of its process group.
    private func generation(of process: pid_t) -> Int? {
        guard process > 0 else { return nil }
        if let handle = handles.values.first(where: { $0.pid == process }) { return handle.generation }
        let group = getpgid(process)
        return handles.values.first { $0.pid == group }?.generation
    }

    private func takeFiles() {
        for change in watch.changes() {
            switch change {
            case .configuration:
                let identity = FileWatch.identity(of: settings.configuration)
                if identity != nil, identity != configuration { feed(.configurationTouched) }
            case .crash(let name):
                if let generation = crashes.removed(name) { feed(.dumped(generation: generation)) }
            }
        }
    }

    private func takeKeeper() {
        guard let keeper else { return }
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = master_receive_text(keeper, &buffer, buffer.count)
            if count == 0 { poller.remove(keeper) }
            guard count > 0 else { return }
            // EXITED PID STATUS
            let words = String(decoding: buffer[..<count], as: UTF8.self).splitBytes(" ")
            guard words.count == 3, words[0].isExactly("EXITED"), let pid = pid_t(words[1]),
                let status = Int32(words[2])
            else { continue }
            guard let handle = handles.values.first(where: { $0.pid == pid }) else { continue }
            hearOut(handle.generation)
            finish(handle, WorkerEnd(waitStatus: status))
        }
    }

    // What is done

    private func perform(_ action: SupervisionAction) {
        switch action {
        case .start(let number, let generation): start(number, generation)
        case .closeSockets(let number): sockets.close(number)
        case .mark(_, let generation, let phase): mark(generation, phase)
        case .signal(let generation, let signal):
            if let handle = handles[generation] { _ = master_pidfd_signal(handle.pidfd, signal) }
        case .kill(let generation):
            guard let handle = handles[generation] else { return }
            // As long as the process is not taken, its number is nobody else's.
            if master_pidfd_signal(handle.pidfd, SIGKILL) == 0 { kill(-handle.pid, SIGKILL) }
        case .probe(let generation, let port):
            if master_accepts(port, 10) != 0 { feed(.accepts(generation: generation)) }
        case .send(let generation, let order):
            guard let handle = handles[generation], handle.control >= 0 else { return }
            let bytes = Array(order.text.utf8)
            _ = bytes.withUnsafeBytes { master_send_text(handle.control, $0.baseAddress, $0.count) }
        case .record(let record): note(record)
        case .noteConfiguration: noteConfiguration()
        case .done(let ticket, let problem): done(ticket, problem)
        case .notReloaded(let ticket, let reason): notReloaded(ticket, reason)
        case .dumped(let ticket, let record): dumped(ticket, record)
        case .forget(_, let generation): forget(generation)
        case .tellReady: store.tellReady()
        case .say(let text): Log.say(text)
        case .finish(let status): exitStatus = status
        }
    }

    /// Takes the configuration file as it is for the one that workers are reloaded for.
    func noteConfiguration() { configuration = FileWatch.identity(of: settings.configuration) }

    private func note(_ record: CrashRecord) {
        // The earlier master has written it, and the node has taken it meanwhile.
        let entry = saved?.workers.first { $0.process == record.process }
        if entry?.phase.isParked == true, !crashes.has(record) {
            feed(.dumped(generation: record.generation))
            return
        }
        crashes.write(record)
    }

    func writeState() {
        let value = supervisor.state(
            master: Int(getpid()), startedAt: startedAt, boot: boot, configuration: configuration,
            crashesDropped: crashes.dropped)
        stateFile.write(value, at: Moment.now.milliseconds)
    }
}

extension WorkerEnd {
    /// - Parameter waitStatus: as wait(2) has it.
    init(waitStatus: Int32) {
        let signal = Int(waitStatus & 0x7F)
        self = signal == 0 ? .exited(Int(waitStatus >> 8 & 0xFF)) : .killed(signal)
    }
}
