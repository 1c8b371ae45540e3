import AdminAPI
import Cloud
import Foundation
import JSON
import Logging
import Names
import NetworkTypes
import RegistryTestSupport
import Testing
import Text

@testable import Registry

@Suite("Links of services' masters") struct LinkRosterTests {
    private let clock = TestClock()
    private let registry: Registry
    private let nodes: NodeRoster
    private let watch: LinkWatch

    init() {
        registry = Registry(store: InMemoryStore(), now: clock.now, uptime: clock.uptime)
        nodes = NodeRoster(registry: registry)
        watch = LinkWatch(
            registry: registry, nodes: nodes, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Servers app1 and app2, and as many services on the first.
    private func seed(_ count: Int = 2) async throws {
        try await change { cloud in
            cloud.locations["tcn"] = Location(name: "tcn")
            for number in 1...2 {
                cloud.servers["app\(number)"] = Server(
                    name: "app\(number)", location: "tcn", kind: .app,
                    addresses: [try #require(IPAddress("10.1.0.\(number)"))])
            }
            cloud.types["tg"] = try ServiceType.read(source: "type: tg\n", name: "tg")
            for number in 1...count {
                cloud.services["tg.\(number)"] = ServiceInstance(type: "tg", index: number, server: "app1")
            }
        }
    }

    private func change(_ body: @escaping @Sendable (inout Cloud) throws -> Void) async throws {
        _ = try await registry.write(by: ChangeAuthor("ops"), dryRun: false) { cloud, _ in try body(&cloud) }
    }

    private func report(
        _ phase: ServiceReport.Phase = .running, jobs: [ExactText: JobReport] = [:]
    ) -> ServiceReport {
        ServiceReport(
            program: "1.0", server: "app1", pid: 7, startedAt: "2027-01-15T08:00:00Z", phase: phase,
            workers: [WorkerReport(worker: 1, pid: 8, state: .ready, since: "2027-01-15T08:00:00Z")], jobs: jobs)
    }

    private func send(_ report: ServiceReport, _ sequence: Int, from service: String = "tg.1") async throws -> Bool {
        try await nodes.links.take(
            ServiceReportMessage(session: "s", sequence: sequence, report: report), from: service, on: "app1",
            by: "token"
        ).wantsWhole
    }

    private func states() async throws -> [String: LinkResource.State] {
        let state = try await registry.state()
        return await nodes.links.resources(in: state).reduce(into: [:]) { $0[$1.service] = $1.state }
    }

    /// Lets time pass, with a look each second.
    private func wait(_ seconds: Int, hearing services: [String] = [], node: Bool = false) async throws {
        for _ in 0..<seconds {
            clock.advance(by: 1)
            for service in services { await nodes.links.hear(service, on: "app1") }
            if node { await nodes.hear("app1") }
            _ = await watch.look()
        }
    }

    private func notices() async throws -> [String] {
        try await registry.store.notices().map { "\($0.notice.isResolved ? "end: " : "")\($0.notice.title)" }
    }

    @Test("connected, suspect after 15 s, lost after 30 s, connected with the next request; lists are told of each")
    func silence() async throws {
        try await seed()
        await nodes.links.hear("tg.1", on: "app1")
        var count = await registry.listChanges.count(of: .links)
        for (seconds, state) in [(15, LinkResource.State.connected), (1, .suspect), (14, .suspect), (1, .lost)] {
            try await wait(seconds, hearing: ["tg.2"])
            #expect(try await states() == ["tg.1": state, "tg.2": .connected])
            if state != .connected, seconds == 1 {
                let now = await registry.listChanges.count(of: .links)
                #expect(now != count)
                count = now
            }
        }
        let link = try await nodes.links.resource(of: "tg.1", in: try await registry.state())
        #expect(link?.silentSince == "2027-01-15T08:00:00.000Z")
        await nodes.links.hear("tg.1", on: "app1")
        #expect(try await states() == ["tg.1": .connected, "tg.2": .connected])
    }

    @Test("what nothing changes wakes nobody")
    func quiet() async throws {
        try await seed()
        await nodes.links.hear("tg.1", on: "app1")
        #expect(try await send(report(), 1) == false)
        let count = await registry.listChanges.count(of: .links)
        #expect(try await send(report(), 2) == false)
        try await wait(60, hearing: ["tg.1"])
        #expect(await registry.listChanges.count(of: .links) == count)
    }

    @Test("a report that does not follow the one before is asked for as a whole")
    func sequence() async throws {
        try await seed()
        let changes = ServiceReportMessage(session: "s", sequence: 3, changes: ["pid": 9])
        let links = nodes.links
        #expect(try await links.take(changes, from: "tg.1", on: "app1", by: "token").wantsWhole)
        #expect(try await send(report(), 2) == false)
        #expect(try await links.take(changes, from: "tg.1", on: "app1", by: "token").wantsWhole == false)
        #expect(try await links.resource(of: "tg.1", in: try await registry.state())?.pid == 9)
        await #expect(throws: BodyError.self) {
            try await links.take(
                ServiceReportMessage(session: "s", sequence: 4, changes: ["phase": "asleep"]), from: "tg.1",
                on: "app1", by: "token")
        }
    }

    @Test("a job ends with its master's report, and only by that of its own")
    func jobs() async throws {
        try await seed()
        try await change { cloud in
            try cloud.add(
                MasterJobRequest(
                    service: "tg.1", kind: .reload, createdBy: "ops", createdAt: "2027-01-15T08:00:00.000Z",
                    deadline: "2027-01-15T09:00:00.000Z"), nonce: 7)
        }
        let id: ExactText = "1-00000007"
        let job = { try await self.nodes.job("1-00000007", in: try await self.registry.state()) }
        let running = JobReport(state: .running, startedAt: "2027-01-15T08:00:01Z", output: "half")
        #expect(try await job().state == .waiting)
        _ = try await send(report(jobs: [id: running]), 1)
        var shown = try await job()
        #expect(shown.state == .running && shown.output == "half")
        let ended = JobReport(
            state: .failed, startedAt: "2027-01-15T08:00:01Z", endedAt: "2027-01-15T08:00:02Z", problem: "exit 1",
            output: "all")
        _ = try await send(report(jobs: [id: ended]), 1, from: "tg.2")
        #expect(try await job().state == .running)
        _ = try await send(report(jobs: [id: ended]), 2)
        shown = try await job()
        #expect(shown.state == .failed && shown.problem == "exit 1" && shown.output == "all")
        #expect(try await registry.state().orders(of: "tg.1", on: nil).jobs.isEmpty)
    }

    @Test("a master that is lost while its node is in touch is a notice; one whose node is away is none")
    func lost() async throws {
        try await seed()
        await nodes.links.hear("tg.1", on: "app1")
        try await wait(150, hearing: ["tg.2"])
        #expect(try await notices() == [])
        try await wait(1, hearing: ["tg.2"], node: true)
        #expect(try await notices() == ["the master of tg.1 on app1 is lost"])
        try await wait(1, hearing: ["tg.1", "tg.2"])
        #expect(try await notices().last == "end: tg.1 on app1 is in touch again")
        let events = try await registry.events(after: 0, limit: 100).page.events
        #expect(events.allSatisfy { $0.actor == "ops" })
    }

    @Test("a third of all at once is one notice about ADMIN")
    func crowd() async throws {
        try await seed(30)
        let all = (1...30).map { "tg.\($0)" }
        for service in all { await nodes.links.hear(service, on: "app1") }
        try await wait(200, hearing: Array(all.dropFirst(10)), node: true)
        #expect(
            try await notices() == [
                "10 of 30 links to masters were lost at once: ADMIN's own network may be cut"
            ])
        try await wait(1, hearing: all, node: true)
        #expect(try await notices().last == "end: the links to masters that were lost at once are back")
    }

    @Test("an end that was announced or wanted, and a service that is gone, are no loss")
    func ends() async throws {
        try await seed()
        _ = try await send(report(.stopping), 1)
        await nodes.links.hear("tg.2", on: "app1")
        try await wait(31, node: true)
        #expect(try await states() == ["tg.2": .lost])
        try await change { $0.services["tg.2"]?.server = "app2" }
        #expect(try await states() == [:])
        try await wait(90, node: true)
        #expect(try await notices() == [])
    }

    @Test("while ADMIN stood still it could hear nobody")
    func standstill() async throws {
        try await seed()
        await nodes.links.hear("tg.1", on: "app1")
        try await wait(10)
        clock.advance(by: 3_600)
        _ = await watch.look()
        #expect(try await states() == ["tg.1": .connected])
        try await wait(31)
        #expect(try await states() == ["tg.1": .lost])
    }
}
