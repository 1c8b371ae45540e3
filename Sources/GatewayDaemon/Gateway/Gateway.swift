public import GatewaySync
public import Logging
public import NIOCore
import Netlink
public import ServiceLifecycle
import ServiceSupport
import ServicesExport

/// The daemon: it polls for the export and keeps the kernel in agreement with it. It is an actor, and the only
/// writer.
///
/// Nothing is written before the first complete and valid export. A poll without a change neither reads nor writes
/// the kernel.
public actor Gateway: Service {
    let configuration: GatewayConfiguration
    let source: any ExportSource
    let kernel: any Kernel
    let synchronizer: Synchronizer
    let store: StateDirectory
    let logger: Logger
    let notifier: SystemdNotifier
    /// Where reports go, and the version of the program that makes them; `nil`: there are none.
    private let reports: (receiver: any ReportReceiver, program: String)?
    let listener: ProberListener?
    let clock = ContinuousClock()
    let clocks: @Sendable () -> ClockReading
    /// Returns when the time is over or the task is cancelled.
    let sleep: @Sendable (Duration) async -> Void

    /// The content of `state.json`.
    var stored: StoredState
    /// The digest of the reconciler's document.
    var current: ExportDigest?
    /// The digest of the export on disk.
    var keptExport: ExportDigest?
    /// Whether the kernel agreed with `current` when it was last settled.
    var isSettled = false
    /// The export that the guard holds back.
    var held: HeldExport?
    /// IPVS' counters, as the audits read them.
    var traffic = TrafficCounters()
    var auditor = Auditor()
    var prober = ProberLink()
    var counters = GatewayCounters()
    /// Other problems, by subject.
    var problems: [String: String] = [:]
    private let progress = Progress()
    private var isReady = false
    var ephemeralCheck: EphemeralCheck?
    /// Whether the settings were right at the last audit.
    var hasSettings = false
    /// The requirements that the last audit compared the machine with.
    var auditedRequirements: [SettingRequirement] = []
    /// The number of kernel changes when the heap was last trimmed.
    private var trimmedAt = 0

    /// How long it took to read and check the last export.
    public internal(set) var lastParse = Duration.zero
    /// The outcome of the last settlement.
    public internal(set) var lastOutcome = Synchronizer.Outcome()
    /// What the gateway is doing. Its times are seconds of the boot clock.
    public internal(set) var status: GatewayStatus

    /// - Parameters:
    ///   - environment: the process' environment, for notifications to systemd.
    ///   - eventLoops: where the prober may connect; `nil`: none is awaited.
    ///   - reports: where reports go, and the version of the program; `nil`: none are made.
    ///   - clocks: reads the machine's clocks.
    ///   - sleep: returns when the time is over or the task is cancelled.
    public init(
        _ configuration: GatewayConfiguration, source: any ExportSource, kernel: sending any Kernel,
        store: StateDirectory, environment: [String: String], process: Int32, mode: GatewayStatus.Mode = .daemon,
        logger: Logger, eventLoops: (any EventLoopGroup)? = nil,
        reports: (receiver: any ReportReceiver, program: String)? = nil,
        clocks: @escaping @Sendable () -> ClockReading = { .now },
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) throws {
        self.configuration = configuration
        self.source = source
        self.store = store
        self.logger = logger
        self.clocks = clocks
        self.sleep = sleep
        listener = eventLoops.map {
            ProberListener(runDirectory: configuration.runDirectory, user: configuration.checksUser, on: $0)
        }
        notifier = SystemdNotifier(environment: environment)
        self.reports = reports
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

    /// Polls until the service is shut down. The kernel then stays as it is.
    public func run() async throws {
        Heap.returnLargeBlocks()
        try auditSettings()
        let signals = try RunDirectoryWatch.signals(in: configuration.runDirectory)
        assumeRole()
        // The subscription comes before the first read of the table, so that no change is missed in between.
        let changes = try kernel.foreignTableChanges()
        synchronizer.withHealth { [now = clocks().bootMilliseconds] in $0.awaitProber(at: now) }
        loadStoredExport()
        if current != nil {
            try followRequirements()
            settle(since: clock.now)
        }
        writeStatus()
        await withTaskGroup(of: Void.self) { group in
            if let watchdog = notifier.watchdog {
                let patience = Duration.seconds(
                    configuration.interval + configuration.wait + configuration.timeout + 10)
                // This task runs off the loop that polls and writes to the kernel, which a load keeps busy.
                group.addTask(executorPreference: globalConcurrentExecutor) { [notifier, progress] in
                    await Self.signLife(notifier, every: watchdog / 3, while: progress, within: patience)
                }
            }
            group.addTask { [self] in await audit(every: .seconds(configuration.auditInterval)) }
            if configuration.wait > 0 {
                group.addTask { [self] in await followDrains(every: .seconds(configuration.interval)) }
            }
            if let reports {
                let session = String(UInt64.random(in: 0 ... .max), radix: 16)
                group.addTask { [self] in
                    await report(
                        to: reports.receiver, program: reports.program, session: session,
                        every: .seconds(configuration.interval))
                }
            }
            if let listener {
                group.addTask { [self] in await serveProber(listener) }
                group.addTask { [self] in await followHealth() }
            }
            group.addTask { [self] in await followTable(changes) }
            group.addTask { [self] in await followSignals(signals) }
            await cancelWhenGracefulShutdown { await self.poll() }
            group.cancelAll()
        }
        notifier.stopping()
        logger.info("ended; the kernel keeps what it has")
    }

    /// Polls once, as cron does. Uses the last good export if ADMIN cannot be reached.
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

    /// Trims the heap after a whole load, which leaves a quarter of it free. A few changes are not worth the walk
    /// over the heap.
    private func trimHeap() {
        guard counters.kernelChanges - trimmedAt >= 10_000 else { return }
        Heap.trim()
        trimmedAt = counters.kernelChanges
    }

    /// Signs life to systemd as long as the daemon makes progress.
    private static func signLife(
        _ notifier: SystemdNotifier, every interval: Duration, while progress: Progress, within patience: Duration
    ) async {
        while !Task.isCancelled {
            if progress.age < patience { notifier.alive() }
            try? await Task.sleep(for: interval)
        }
    }

    /// Reports to systemd that an export is in force.
    func reportReady() {
        guard !isReady else { return }
        isReady = true
        notifier.ready()
    }
}

extension Reconciler {
    /// The reconciler after a restart, from what is on disk.
    public init(_ stored: StoredState, _ configuration: GatewayConfiguration) {
        self.init(
            drains: stored.drains, ownership: Ownership(addresses: stored.addresses, marks: configuration.marks),
            leaving: stored.leaving, untranslated: stored.untranslated, drainTime: configuration.drainTime,
            foreignServices: configuration.foreignServices)
    }
}
