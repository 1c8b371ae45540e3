import AdminAPI
import AdminClient
import Names
import Supervision
import Synchronization
import Testing
import Text

@testable import MasterLink

@Suite("Link of a master") struct LinkTests {
    private func settings(_ change: (inout MasterSettings) -> Void = { _ in }) -> MasterSettings {
        var settings = MasterSettings(name: "pgw.1", directory: "/d", program: ["/p"])
        settings.adminURL = "https://a:8443,https://b:8443"
        settings.tokenFile = "/d/token"
        settings.server = "app1"
        change(&settings)
        return settings
    }

    private func snapshot(_ change: (inout LinkSnapshot) -> Void = { _ in }) -> LinkSnapshot {
        var snapshot = LinkSnapshot(
            process: 7, startedAt: 1_800_000_000, phase: .running,
            workers: [
                WorkerSummary(
                    number: 1, process: 8, state: .ready, since: 1_800_000_001, restarts: 2, status: "3 devices",
                    problem: nil)
            ])
        change(&snapshot)
        return snapshot
    }

    @Test("a master without ADMIN's address has no link; an address that is none is refused")
    func addresses() throws {
        #expect(try LinkSettings(settings { $0.adminURL = nil }) == nil)
        #expect(try LinkSettings(settings())?.addresses.all.count == 2)
        #expect(throws: UsageError.self) { try LinkSettings(settings { $0.adminURL = "admin" }) }
    }

    @Test("orders become jobs of the master, and deadlines are of ADMIN's clock")
    func orders() {
        let deadline = "2027-01-15T08:10:00Z"
        let all: [ExactText: ServiceJob] = [
            "a": ServiceJob(kind: .reload, deadline: deadline),
            "b": ServiceJob(kind: .restartWorkers, deadline: deadline),
            "c": ServiceJob(kind: .restartWorker, worker: 2, deadline: deadline),
            "d": ServiceJob(kind: .dump, deadline: deadline),
            "e": ServiceJob(kind: .logLevel, level: "debug", deadline: deadline),
            "f": ServiceJob(kind: .lua, source: "return 1", deadline: deadline),
            "g": ServiceJob(kind: .restartWorker, deadline: deadline),
        ]
        let orders = ServiceOrders(service: "pgw.1", server: "app1", jobs: all)
        let jobs = orders.masterJobs(answeredAt: "Fri, 15 Jan 2027 08:00:00 GMT").sorted { $0.id < $1.id }
        #expect(
            jobs.map(\.kind) == [
                .workers(.reload), .workers(.restart), .workers(.restartWorker(2)), .workers(.dump(nil)),
                .logLevel("debug"), .lua(LuaSource(worker: nil, source: "return 1", session: nil, seconds: 5)),
            ])
        #expect(jobs.allSatisfy { $0.patience == 600_000 })
    }

    @Test("the report has workers, configuration and jobs, and ADMIN reads it")
    func report() throws {
        var jobs = MasterJobBook()
        let moment = Moment(milliseconds: 5, wall: 1_800_000_000)
        _ = jobs.follow([MasterJob(id: "1-a", kind: .workers(.reload), patience: 1_000)], at: moment)
        jobs.end("1-a", problem: "worker 1:\nno", output: "text\n", at: moment)
        let link = try #require(try LinkSettings(settings { $0.allowsLua = true }))
        let report = ServiceReport(
            snapshot {
                $0.jobs = jobs
                let problem = String(repeating: "\u{1}", count: 400)
                $0.configuration = .init(tag: "\"9c\"", at: 1_800_000_002, problem: problem)
            }, link)
        let read = try ServiceReport(json: report.jsonBytes, .strict)
        #expect(read == report && read.server == "app1" && read.allowsLua)
        #expect(
            read.workers == [
                WorkerReport(
                    worker: 1, pid: 8, state: .ready, since: "2027-01-15T08:00:01Z", restarts: 2, status: "3 devices")
            ])
        #expect(read.jobs["1-a"]?.state == .failed && read.jobs["1-a"]?.problem == "worker 1:\\nno")
        #expect(read.configuration?.tag == "\"9c\"" && read.configuration?.problem?.utf8.count == 400)
    }

    @Test("of orders that nobody took the newest count, and only a change wakes the link")
    func box() {
        let (rings, changes) = (Counter(), Counter())
        let box = LinkBox { rings.count() }
        box.onChange { changes.count() }
        box.put(.orders([], logLevel: "debug", configuration: nil))
        box.put(.token(isRefused: true))
        box.put(.orders([], logLevel: nil, configuration: "\"9c\""))
        #expect(
            box.take() == [.token(isRefused: true), .orders([], logLevel: nil, configuration: "\"9c\"")]
                && box.take() == [])
        box.tell(snapshot())
        box.tell(snapshot())
        box.tell(snapshot { $0.phase = .stopping })
        #expect(rings.value == 3 && changes.value == 2 && box.snapshot?.phase == .stopping)
    }

    private final class Counter: Sendable {
        private let number = Mutex(0)
        func count() { number.withLock { $0 += 1 } }
        var value: Int { number.withLock { $0 } }
    }
}
