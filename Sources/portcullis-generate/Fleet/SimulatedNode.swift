import AdminAPI
import AdminClient
import CommandLineSupport
import Glibc
import JSON
import ServiceSupport
import Text

/// A node without a server: it takes assignments for carried out as they come, and reports so.
actor SimulatedNode {
    /// Seconds between reports when nothing changes, as of a real node.
    private static let reportInterval = 60

    private let server: String
    private let addresses: AdminURLs
    private let wait: Int
    private var admin: AdminConnector
    private var tag: String?
    private var assigned: Assignments?
    private var sequence = 0
    /// What ADMIN has of the report; `nil`: it must get all of it.
    private var acknowledged: JSONValue?
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    /// A time that all reports can have: nothing here is measured by it.
    private static let start = "2027-01-15T08:00:00Z"

    init(_ member: FleetMember, of addresses: AdminURLs, wait: Int) {
        server = member.server
        self.addresses = addresses
        self.wait = wait
        admin = Self.connector(addresses, member.token)
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        token = member.token
    }

    private var token: String?

    private static func connector(_ addresses: AdminURLs, _ token: String?) -> AdminConnector {
        AdminConnector(
            AdminConnectorSettings(
                addresses: addresses, token: token.map { .value($0) } ?? .absent, userAgent: "portcullis-node",
                timeout: .seconds(60)))
    }

    /// Follows ADMIN until the task is cancelled.
    /// - Parameter isJoining: whether its token is one to join with.
    func run(joining isJoining: Bool) async {
        if isJoining { await join() }
        await withTaskGroup { group in
            group.addTask { await self.follow() }
            group.addTask { await self.report() }
            group.addTask { await self.remind() }
        }
        await admin.shutdown()
    }

    private func join() async {
        let request = AdminRequest(.post, .join).json(JoinRequest(token: token ?? "", server: server))
        let joining = Self.connector(addresses, nil)
        await attempt {
            let answer: JoinAnswer = try Self.value(try await joining.send(request))
            self.token = answer.token
        }
        await joining.shutdown()
        await admin.shutdown()
        admin = Self.connector(addresses, token)
    }

    private func follow() async {
        while !Task.isCancelled { await attempt { try await self.poll() } }
    }

    private func poll() async throws {
        var request = AdminRequest(.get, .assignments(of: server))
        if let tag {
            request.known = [tag]
            request.wait = wait
        }
        try take(try await admin.send(request))
    }

    // Swift 6.3.1 crashes where its optimizer takes this into `poll`.
    @inline(never)
    private func take(_ answer: AdminAnswer) throws {
        guard !answer.isUnchanged else { return }
        let assigned: Assignments = try Self.value(answer)
        (self.assigned, tag) = (assigned, answer.eTag)
        try note("assignments \(server) \(answer.eTag ?? "-")")
        changed.yield()
    }

    private func report() async {
        for await _ in changes where assigned != nil {
            await attempt {
                let report = self.currentReport
                self.sequence += 1
                let message =
                    if let known = self.acknowledged {
                        ServerReportMessage(
                            session: "fleet", sequence: self.sequence, changes: known.mergePatch(to: report.json))
                    } else { ServerReportMessage(session: "fleet", sequence: self.sequence, report: report) }
                // What ADMIN has is unknown until it answers.
                self.acknowledged = nil
                let request = AdminRequest(.post, .report(ofServer: self.server)).json(message)
                let answer: ReportAnswer = try Self.value(try await self.admin.send(request))
                guard !answer.wantsWhole else { throw FleetError(text: "ADMIN wants the whole report") }
                self.acknowledged = report.json
                try self.note("reported \(self.server) \(report.applied ?? "-")")
            }
        }
    }

    /// Has an unchanged report sent each minute; the first one at a random moment, so that a fleet does not report at once.
    private func remind() async {
        var pause = Int.random(in: 1...Self.reportInterval)
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(pause))
            changed.yield()
            pause = Self.reportInterval
        }
        changed.finish()
    }

    private var currentReport: ServerReport {
        var report = ServerReport(program: ProgramVersion.text, applied: tag, bootedAt: Self.start)
        let purged = (assigned?.services ?? [:]).filter { $0.value.desired == .purged }
        report.purged = purged.keys.map(\.wrappedValue).sorted()
        report.services = (assigned?.services ?? [:]).filter { purged[$0.key] == nil }.mapValues { assignment in
            ServerService(
                state: assignment.desired == .running ? .running : .stopped, since: Self.start,
                version: assignment.version, wanted: assignment.version)
        }
        report.drives["root"] = DriveReport(path: "/srv/portcullis", isMounted: true, size: 1 << 40, free: 1 << 39)
        report.load = Double(Int.random(in: 0...400)) / 100
        (report.memory, report.freeMemory) = (1 << 34, Int.random(in: 0...1 << 34))
        return report
    }

    /// Tries something until it succeeds or the task is cancelled, with pauses.
    private func attempt(_ body: () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                return try await body()
            } catch {
                if Task.isCancelled { return }
                try? note("failed \(server) \((error as? TransportError)?.reason ?? "\(error)")")
                try? await Task.sleep(for: .seconds(3))
            }
        }
    }

    private func note(_ event: String) throws {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        try StandardOutput.write("\(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9) \(event)")
    }

    private static func value<Value: Described>(_ answer: AdminAnswer) throws -> Value {
        guard (200..<300).contains(answer.status) else { throw FleetError(text: answer.statusLine) }
        return try Value(json: answer.body, .tolerant)
    }
}

/// Why something is tried again.
struct FleetError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
