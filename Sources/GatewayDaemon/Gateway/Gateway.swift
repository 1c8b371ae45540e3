public import GatewaySync
public import Logging
import Netlink
public import ServiceLifecycle
import ServiceSupport
import ServicesExport

/// The daemon: polls for the export and keeps the kernel in agreement with it. As an actor it is the only writer.
///
/// Before the first complete and valid export nothing is written; an unchanged poll neither reads nor writes the
/// kernel.
public actor Gateway: Service {
    let configuration: GatewayConfiguration
    let source: any ExportSource
    let kernel: any Kernel
    let synchronizer: Synchronizer
    let store: StateDirectory
    let logger: Logger
    let serviceManager: SystemdNotifier
    let clock = ContinuousClock()
    let clocks: @Sendable () -> ClockReading
    /// Returns when the time is over or the task is cancelled.
    let sleep: @Sendable (Duration) async -> Void

    /// What is on disk.
    var stored: StoredState
    /// The digest of the reconciler's document.
    var current: ExportDigest?
    /// The export that is on disk.
    var keptExport: ExportDigest?
    /// Whether the kernel agreed with `current` when it was last settled.
    var isSettled = false
    /// What the guard holds back.
    var held: HeldExport?
    /// What IPVS has counted, as the audits found it.
    var traffic = TrafficCounters()
    var auditor = Auditor()
    var counters = GatewayCounters()
    /// What else is wrong, by what it is about.
    var problems: [String: String] = [:]
    private let progress = Progress()
    private var isReady = false
    var ephemeralCheck: EphemeralCheck?
    /// Whether the settings were in line before.
    var hasSettings = false
    /// The kernel's changes so far when the heap was last trimmed.
    private var trimmedAt = 0

    /// What reading and checking the last export took.
    public internal(set) var lastParse = Duration.zero
    /// What the last settlement took.
    public internal(set) var lastOutcome = Synchronizer.Outcome()
    public internal(set) var status: GatewayStatus

    /// - Parameters:
    ///   - environment: for systemd's notifications.
    ///   - clocks: the machine's.
    ///   - sleep: returns when the time is over or the task is cancelled.
    public init(
        _ configuration: GatewayConfiguration, source: any ExportSource, kernel: sending any Kernel,
        store: StateDirectory, environment: [String: String], process: Int32, mode: GatewayStatus.Mode = .daemon,
        logger: Logger,
        clocks: @escaping @Sendable () -> ClockReading = { .now },
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) throws {
        self.configuration = configuration
        self.source = source
        self.store = store
        self.logger = logger
        self.clocks = clocks
        self.sleep = sleep
        serviceManager = SystemdNotifier(environment: environment)
        let start = clocks()
        let (state, problem) = store.recoverState(at: start)
        stored = state
        status = GatewayStatus(
            name: configuration.name, location: configuration.location, role: configuration.role.rawValue, mode: mode,
            process: process, startedAt: start.boot)
        if let problem {
            problems["state"] = problem
            logger.error("\(problem)")
        }
        self.kernel = kernel
        synchronizer = Synchronizer(Reconciler(stored, configuration), kernel: kernel, progress: progress)
    }

    /// Seconds of the boot clock.
    var now: Int { clocks().boot }

    /// Polls until it is told to end; the kernel stays as it is then.
    public func run() async throws {
        try auditSettings()
        let signals = try RunDirectoryWatch.signals(in: configuration.runDirectory)
        assumeRole()
        // Before the first look at the table, so that no change falls in between.
        let changes = try kernel.foreignTableChanges()
        loadStoredExport()
        if current != nil { settle(since: clock.now) }
        writeStatus()
        await withTaskGroup(of: Void.self) { group in
            if let watchdog = serviceManager.watchdog {
                let patience = Duration.seconds(
                    configuration.interval + configuration.wait + configuration.timeout + 10)
                // Not on the loop that polls and writes to the kernel: a load keeps that busy.
                group.addTask(executorPreference: globalConcurrentExecutor) { [serviceManager, progress] in
                    await Self.signLife(serviceManager, every: watchdog / 3, while: progress, within: patience)
                }
            }
            group.addTask { [self] in await audit(every: .seconds(configuration.auditInterval)) }
            if configuration.wait > 0 {
                group.addTask { [self] in await followDrains(every: .seconds(configuration.interval)) }
            }
            group.addTask { [self] in await followTable(changes) }
            group.addTask { [self] in await followSignals(signals) }
            await cancelWhenGracefulShutdown { await self.poll() }
            group.cancelAll()
        }
        serviceManager.stopping()
        logger.info("ended; the kernel keeps what it has")
    }

    /// One poll, as cron has it; the last good export when ADMIN is away.
    public func synchronize() async {
        assumeRole()
        loadStoredExport()
        await cycle()
        do {
            try auditSettings()
        } catch {
            problem("settings", "\(error)")
        }
        writeStatus()
    }

    private func poll() async {
        while !Task.isCancelled {
            let start = clock.now
            let result = await cycle()
            progress.made()
            trimHeap()
            let pause = result.pause(after: clock.now - start, interval: .seconds(configuration.interval))
            await sleep(pause)
        }
    }

    /// A whole load leaves a quarter of the heap free behind it; a few changes are not worth the walk through it.
    private func trimHeap() {
        guard counters.kernelChanges - trimmedAt >= 10_000 else { return }
        Heap.trim()
        trimmedAt = counters.kernelChanges
    }

    /// systemd hears nothing from a daemon that hangs.
    private static func signLife(
        _ serviceManager: SystemdNotifier, every interval: Duration, while progress: Progress, within patience: Duration
    ) async {
        while !Task.isCancelled {
            if progress.age < patience { serviceManager.alive() }
            try? await Task.sleep(for: interval)
        }
    }

    /// An export is in force: the service can be counted on.
    func reportReady() {
        guard !isReady else { return }
        isReady = true
        serviceManager.ready()
    }
}

extension Reconciler {
    /// As a restart finds it.
    public init(_ stored: StoredState, _ configuration: GatewayConfiguration) {
        self.init(
            drains: stored.drains, ownership: Ownership(addresses: stored.addresses, marks: configuration.marks),
            leaving: stored.leaving, untranslated: stored.untranslated, drainTime: configuration.drainTime,
            foreignServices: configuration.foreignServices)
    }
}
