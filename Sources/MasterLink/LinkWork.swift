import AdminAPI
import AdminClient
import NIOCore
import ServiceSupport
import Text

/// What the link does: it asks for orders all the time, gets the configuration when that is another, and reports.
actor LinkWork {
    /// The longest time between two reports.
    private static let reportInterval = Duration.seconds(30)
    /// The shortest.
    private static let reportPause = Duration.milliseconds(500)
    /// How long it waits where there is no token yet.
    private static let tokenPause = Duration.seconds(2)
    /// How long it waits after an answer that ADMIN has not held.
    private static let unheldPause = Duration.seconds(3)
    /// How long the master may take to write a configuration before it gets it again.
    private static let patience = Duration.seconds(30)
    private static let timeout = Duration.seconds(10)

    private let settings: LinkSettings
    private let box: LinkBox
    private let eventLoop: any EventLoop
    private let executor: EventLoopExecutor
    private let alarm: LinkAlarm
    private let say: @Sendable (String) -> Void
    private var admin: AdminConnector?
    private var composer = ReportComposer<ServiceReportMessage>(
        session: String(UInt64.random(in: .min ... .max), radix: 16))
    /// The ETag of the orders that the master has.
    private var tag: String?
    /// The ETag of the configuration that is wanted.
    private var wanted: String?
    /// The configuration that the master got last.
    private var handed: (tag: String, at: ContinuousClock.Instant)?
    /// Whether ADMIN has taken a report since the last failure.
    private var isInTouch = false
    /// Whether nothing was answered since the last failure.
    private var hasFailed = false
    private var isReporting = false
    private var isRefused = false
    /// Whether the master waits for a word on its configuration.
    private var isAwaited = true
    private var sentAt = ContinuousClock.now
    /// What was said last of a failure.
    private var trouble: String?

    init(
        _ settings: LinkSettings, _ box: LinkBox, _ eventLoop: any EventLoop,
        _ executor: EventLoopExecutor, _ alarm: LinkAlarm, _ say: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.box = box
        self.eventLoop = eventLoop
        self.executor = executor
        self.alarm = alarm
        self.say = say
    }

    func run() async {
        await withTaskGroup { group in
            group.addTask { await self.follow() }
            group.addTask { await self.reportChanges() }
        }
    }

    // MARK: Orders

    private func follow() async {
        while true {
            let began = ContinuousClock.now
            do {
                guard let admin = try connector() else {
                    await executor.sleep(for: Self.tokenPause)
                    continue
                }
                // The first request after a failure is the report: the poll then uses the same connection.
                if !isInTouch { try await greet(admin) }
                try await poll(admin)
            } catch {
                isInTouch = false
                composer.failed()
                let failure = LinkFailure(error)
                if failure.isRefusal != isRefused { tell(isRefused: failure.isRefusal) }
                if failure.isFinal, isAwaited {
                    box.put(.noConfiguration)
                    isAwaited = false
                }
                note(failure.description)
                var pause = LinkPause.duration(
                    isRepeated: hasFailed, after: failure.retryAfter, chance: .random(in: 0...1))
                hasFailed = true
                // Whoever has waited for a network that is cut is back as soon as one whose connection was refused.
                if failure.isSilence { pause = max(.seconds(1), pause - (.now - began)) }
                await executor.sleep(for: pause)
            }
        }
    }

    /// ADMIN's client; `nil`: the node has left no token yet.
    private func connector() throws -> AdminConnector? {
        if let admin { return admin }
        guard settings.hasToken else { return nil }
        let made = AdminConnector(
            AdminConnectorSettings(
                addresses: settings.addresses, token: try .reading(settings.tokenFile),
                certificates: try settings.caFile.map { try TrustedCertificates(reading: $0) },
                userAgent: "portcullis-master", timeout: Self.timeout),
            directlyOn: eventLoop)
        admin = made
        return made
    }

    private func greet(_ admin: AdminConnector) async throws {
        try await report(admin, isDue: true)
        isInTouch = true
        hasFailed = false
        // What has changed during the report was not reported.
        alarm.note()
        if isRefused { tell(isRefused: false) }
        note(nil)
    }

    private func tell(isRefused: Bool) {
        self.isRefused = isRefused
        box.put(.token(isRefused: isRefused))
    }

    private func note(_ problem: String?) {
        guard problem != trouble else { return }
        trouble = problem
        say(problem.map { "no link to ADMIN: \($0)" } ?? "ADMIN answers again")
    }

    private func poll(_ admin: AdminConnector) async throws {
        var request = AdminRequest(.get, .orders(of: settings.service))
        request.limit = 4 << 20
        request.problemLimit = 1 << 16
        if let tag {
            request.known = [tag]
            request.wait = Limits.linkPoll
        }
        let answer = try await admin.send(request)
        if !answer.isUnchanged {
            guard answer.status == 200 else { throw LinkFailure(answer, of: request) }
            let orders: ServiceOrders = try answer.value(of: request)
            let jobs = orders.masterJobs(answeredAt: answer.field("Date"))
            box.put(.orders(jobs, logLevel: orders.logLevel, configuration: orders.configuration))
            tag = answer.eTag
            wanted = orders.configuration
        }
        try await fetchConfiguration(admin)
        isAwaited = false
        // Nor do changes come more than a few times a second.
        if !answer.wasHeld {
            await executor.sleep(for: answer.isUnchanged ? Self.unheldPause : .milliseconds(100))
        }
    }

    private func fetchConfiguration(_ admin: AdminConnector) async throws {
        guard let wanted, box.snapshot?.fileTag != wanted else { return }
        if let handed, handed.tag == wanted, .now - handed.at < Self.patience { return }
        var request = AdminRequest(.get, .configuration(of: settings.service))
        request.accept = MediaType.yaml
        request.problemLimit = 1 << 16
        let answer = try await admin.send(request)
        guard answer.status == 200, let tag = answer.eTag else { throw LinkFailure(answer, of: request) }
        box.put(.configuration(tag: tag, bytes: try answer.content(MediaType.yaml, of: request)))
        handed = (wanted, .now)
    }

    // MARK: Reports

    private func reportChanges() async {
        while true {
            await alarm.wait(atMost: Self.reportInterval)
            if isInTouch, let admin {
                do {
                    try await report(admin, isDue: .now - sentAt >= Self.reportInterval)
                } catch {
                    // The poll finds out whether ADMIN is away; the next report is a whole one.
                    composer.failed()
                }
            }
            await executor.sleep(for: Self.reportPause)
        }
    }

    private func report(_ admin: AdminConnector, isDue: Bool) async throws {
        guard !isReporting, let snapshot = box.snapshot else { return }
        isReporting = true
        defer { isReporting = false }
        let report = ServiceReport(snapshot, settings)
        // A report that ADMIN does not know the beginning of is followed by a whole one.
        for _ in 0..<2 {
            guard let (message, after) = composer.message(for: report, isDue: isDue) else { return }
            sentAt = .now
            var request = AdminRequest(.post, .report(ofService: settings.service)).json(message)
            request.limit = 1 << 16
            request.problemLimit = 1 << 16
            let answer = try await admin.send(request)
            guard answer.status == 200 else { throw LinkFailure(answer, of: request) }
            let heard: ReportAnswer = try answer.value(of: request)
            composer.heard(heard, to: after)
            guard heard.wantsWhole else { return }
        }
    }
}
