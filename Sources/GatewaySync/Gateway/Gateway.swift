public import Logging
import Netlink
public import ServiceLifecycle
import ServicesExport

/// The daemon: polls for the export and keeps the kernel in agreement with it. As an actor it is the only writer.
///
/// Before the first complete and valid export nothing is written; an unchanged poll neither reads nor writes the kernel.
public actor Gateway: Service {
    let configuration: GatewayConfiguration
    let source: any ExportSource
    let kernel: any Kernel
    let synchronizer: Synchronizer
    let store: StateDirectory
    let logger: Logger
    let serviceManager: ServiceManager
    let clock = ContinuousClock()
    private let wallClock: @Sendable () -> Int
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
    /// IPVS as the last audit found it.
    var inventory = KernelInventory()
    var counters = GatewayCounters()
    /// What else is wrong, by what it is about.
    var problems: [String: String] = [:]
    /// When the poll loop last got on.
    private var progressedAt: ContinuousClock.Instant
    private var isReady = false
    /// The kernel's changes so far when the heap was last trimmed.
    private var trimmedAt = 0

    /// What reading and checking the last export took.
    public internal(set) var lastParse = Duration.zero
    /// What the last settlement took.
    public internal(set) var lastOutcome = Synchronizer.Outcome()
    public internal(set) var status: GatewayStatus

    /// - Parameters:
    ///   - environment: for systemd's notifications.
    ///   - wallClock: seconds since 1970.
    ///   - sleep: returns when the time is over or the task is cancelled.
    public init(
        _ configuration: GatewayConfiguration, source: any ExportSource, kernel: sending any Kernel,
        store: StateDirectory, environment: [String: String], process: Int32, mode: GatewayStatus.Mode = .daemon,
        logger: Logger,
        wallClock: @escaping @Sendable () -> Int = { WallClock.seconds },
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) throws {
        self.configuration = configuration
        self.source = source
        self.store = store
        self.logger = logger
        self.wallClock = wallClock
        self.sleep = sleep
        serviceManager = ServiceManager(environment: environment)
        progressedAt = clock.now
        let (state, problem) = store.recoverState()
        stored = state
        status = GatewayStatus(
            name: configuration.name, location: configuration.location, role: configuration.role.rawValue, mode: mode,
            process: process, startedAt: wallClock())
        if let problem {
            problems["state"] = problem
            logger.error("\(problem)")
        }
        if configuration.timeouts != IPVS.Timeouts() { try kernel.setTimeouts(configuration.timeouts) }
        self.kernel = kernel
        synchronizer = Synchronizer(Reconciler(stored, configuration), kernel: kernel)
    }

    /// Seconds since 1970.
    var now: Int { wallClock() }

    /// Polls until it is told to end; the kernel stays as it is then.
    public func run() async throws {
        Sysctls(logger: logger).check(Sysctls.gateway)
        let letters = try RunDirectoryWatch.letters(in: configuration.runDirectory)
        assumeRole()
        // Before the first look at the table, so that no change falls in between.
        let changes = try kernel.foreignTableChanges()
        loadStoredExport()
        if current != nil { settle(since: clock.now) }
        writeStatus()
        await withTaskGroup(of: Void.self) { group in
            if let watchdog = serviceManager.watchdog {
                group.addTask { [self] in await signLife(every: watchdog / 3) }
            }
            group.addTask { [self] in await audit(every: .seconds(configuration.auditInterval)) }
            group.addTask { [self] in await followTable(changes) }
            group.addTask { [self] in await followLetters(letters) }
            await cancelWhenGracefulShutdown { await self.poll() }
            group.cancelAll()
        }
        serviceManager.stopping()
        logger.info("ended; the kernel keeps what it has")
    }

    /// One poll, as cron has it; the last good export when ADMIN is away.
    public func synchronize() async {
        Sysctls(logger: logger).check(Sysctls.gateway)
        assumeRole()
        loadStoredExport()
        await cycle()
    }

    private func poll() async {
        while !Task.isCancelled {
            let start = clock.now
            let result = await cycle()
            progressedAt = clock.now
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

    private func signLife(every interval: Duration) async {
        let patience = Duration.seconds(configuration.interval + configuration.wait + configuration.timeout + 10)
        while !Task.isCancelled {
            // Through the actor, and only while polls go on: systemd hears nothing from a daemon that hangs.
            if clock.now - progressedAt < patience { serviceManager.alive() }
            await sleep(interval)
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
            leaving: stored.leaving, drainTime: configuration.drainTime,
            foreignServices: configuration.foreignServices)
    }
}
