import AdminAPI
import AdminClient
import CommandLineSupport
import Glibc
import JSON
import ServiceSupport
import Text

/// A master without a service: it takes orders, has every configuration in use at once, and every job done.
actor SimulatedMaster {
    /// Seconds between reports when nothing changes, as of a real master.
    private static let reportInterval = 30

    private let service: String
    private let server: String
    private let admin: AdminConnector
    private var tag: String?
    private var configuration: ConfigurationReport?
    private var jobs: [ExactText: JobReport] = [:]
    private var composer = ReportComposer<ServiceReportMessage>(session: "masters")
    /// Whether ADMIN has taken a report since the last failure.
    private var isInTouch = false
    /// Whether nothing was answered since the last failure.
    private var hasFailed = false
    private var isReporting = false
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    /// A time that all reports can have: nothing here is measured by it.
    private static let start = "2027-01-15T08:00:00Z"

    init(_ member: MasterMember, of addresses: AdminURLs) {
        (service, server) = (member.service, member.server)
        admin = AdminConnector(
            AdminConnectorSettings(
                addresses: addresses, token: .value(member.token), userAgent: "portcullis-master",
                timeout: .seconds(20)))
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Follows ADMIN until the task is cancelled.
    func run() async {
        // A thousand masters do not start at one moment.
        try? await Task.sleep(for: LinkPause.duration(isRepeated: false, chance: .random(in: 0...1)))
        await withTaskGroup { group in
            group.addTask { await self.follow() }
            group.addTask { await self.reportChanges() }
            group.addTask { await self.remind() }
        }
        await admin.shutdown()
    }

    private func follow() async {
        while !Task.isCancelled {
            do {
                // The first request after a failure is the report: the poll then uses the same connection.
                if !isInTouch { try await greet() }
                try await poll()
            } catch {
                if Task.isCancelled { return }
                isInTouch = false
                composer.failed()
                try? note("failed \(service) \((error as? TransportError)?.reason ?? "\(error)")")
                let pause = LinkPause.duration(
                    isRepeated: hasFailed, after: (error as? MasterError)?.retryAfter, chance: .random(in: 0...1))
                hasFailed = true
                try? await Task.sleep(for: pause)
            }
        }
    }

    private func greet() async throws {
        try await report()
        isInTouch = true
        hasFailed = false
        try note("back \(service) -")
    }

    private func poll() async throws {
        var request = AdminRequest(.get, .orders(of: service))
        if let tag {
            request.known = [tag]
            request.wait = Limits.linkPoll
        }
        if let orders = try take(try await admin.send(request)) { try await carryOut(orders) }
    }

    // As with `hear`.
    @inline(never)
    private func take(_ answer: AdminAnswer) throws -> ServiceOrders? {
        guard !answer.isUnchanged else { return nil }
        let orders: ServiceOrders = try Self.value(answer)
        tag = answer.eTag
        try note("orders \(service) \(answer.eTag ?? "-")")
        return orders
    }

    private func carryOut(_ orders: ServiceOrders) async throws {
        for id in jobs.keys where orders.jobs[id] == nil { jobs[id] = nil }
        for id in orders.jobs.keys where jobs[id] == nil {
            jobs[id] = JobReport(state: .succeeded, startedAt: Self.start, endedAt: Self.start)
            try note("job \(service) \(id.wrappedValue)")
        }
        if let wanted = orders.configuration, configuration?.tag != wanted { try await fetchConfiguration() }
        changed.yield()
    }

    private func fetchConfiguration() async throws {
        var request = AdminRequest(.get, .configuration(of: service))
        request.accept = MediaType.yaml
        try configure(try await admin.send(request))
    }

    // As with `hear`.
    @inline(never)
    private func configure(_ answer: AdminAnswer) throws {
        guard answer.status == 200, let tag = answer.eTag else { throw MasterError(answer) }
        configuration = ConfigurationReport(tag: tag, at: Self.start)
        try note("configured \(service) \(tag)")
    }

    private func reportChanges() async {
        for await _ in changes where isInTouch {
            do {
                try await report()
            } catch {
                // The poll finds out whether ADMIN is away; the next report is a whole one.
                composer.failed()
            }
        }
    }

    private func report() async throws {
        guard !isReporting else { return }
        isReporting = true
        defer { isReporting = false }
        // A report that ADMIN does not know the beginning of is followed by a whole one.
        if try await wantsWholeAfterReport() { _ = try await wantsWholeAfterReport() }
    }

    private func wantsWholeAfterReport() async throws -> Bool {
        guard let (message, after) = composer.message(for: current, isDue: true) else { return false }
        let request = AdminRequest(.post, .report(ofService: service)).json(message)
        return try hear(try await admin.send(request), after)
    }

    // Swift 6.3.1 crashes where its optimizer takes this into its caller.
    @inline(never)
    private func hear(_ answer: AdminAnswer, _ after: JSONValue) throws -> Bool {
        let answer: ReportAnswer = try Self.value(answer)
        composer.heard(answer, to: after)
        return answer.wantsWhole
    }

    private var current: ServiceReport {
        ServiceReport(
            program: ProgramVersion.text, server: server, pid: 1, startedAt: Self.start, phase: .running,
            configuration: configuration, jobs: jobs)
    }

    private func remind() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(Self.reportInterval))
            changed.yield()
        }
        changed.finish()
    }

    private func note(_ event: String) throws {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        try StandardOutput.write("\(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9) \(event)")
    }

    private static func value<Value: Described>(_ answer: AdminAnswer) throws -> Value {
        guard (200..<300).contains(answer.status) else { throw MasterError(answer) }
        return try Value(json: answer.body, .tolerant)
    }
}

/// An answer that is a failure.
private struct MasterError: Error, CustomStringConvertible {
    let description: String
    /// The seconds that ADMIN asks for.
    let retryAfter: Int?

    init(_ answer: AdminAnswer) {
        description = answer.statusLine
        retryAfter = answer.field(APIHeader.retryAfter).flatMap { Int($0) }
    }
}
