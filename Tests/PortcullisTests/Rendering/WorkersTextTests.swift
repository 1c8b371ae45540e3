import AdminAPI
import CommandLineSupport
import Names
import Testing
import Text

@testable import portcullis

@Suite struct WorkersTextTests {
    private func worker(_ number: Int, _ state: WorkerReport.State, problem: String? = nil) -> WorkerReport {
        WorkerReport(
            worker: number, pid: problem == nil ? 70 + number : nil, state: state, since: "2026-11-29T10:00:00Z",
            restarts: problem == nil ? 0 : 3, problem: problem)
    }

    private func service(_ workers: [WorkerReport]) -> ServerService {
        ServerService(state: .running, since: "2026-11-29T10:00:00Z", version: "abc", workers: workers)
    }

    @Test("a server's services say how many of their workers are ready")
    func node() {
        let services: [ExactText: ServerService] = [
            ExactText("pgw.1"): service([worker(1, .ready), worker(2, .waiting, problem: "signal 9 ended it")]),
            ExactText("tg.1"): service([worker(0, .ready)]),
        ]
        let report = ServerReport(
            program: "0.1.0", applied: nil, bootedAt: "2026-11-29T09:00:00Z", services: services)
        let text = NodesText.node(
            NodeDetail(
                node: NodeResource(server: "app1", location: "tcn", state: .present), differences: [], report: report,
                reportedAt: nil))
        #expect(text.contains("pgw.1    running, 1 of 2 workers ready  2026-11-29T10:00:00Z"))
        #expect(text.contains("tg.1     running                        2026-11-29T10:00:00Z"))
    }

    @Test("a service says how often its master was killed")
    func killedMaster() {
        let resource = ServiceResource(name: "pgw.1", type: "pgw", index: 1, server: "app1", state: .ready, weight: nil)
        let server = ServerResource(name: "app1", location: "tcn", kind: .app, addresses: ["10.1.0.11"])
        var report = service([worker(1, .ready)])
        #expect(!ResourceTables.service(resource, on: server, rows: [], report: report).contains("killed"))
        report.masterRestarts = MasterRestarts(count: 4, last: "2026-11-29T10:30:00Z")
        let text = ResourceTables.service(resource, on: server, rows: [], report: report)
        #expect(text.contains("master killed  4 times, last at 2026-11-29T10:30:00Z"))
    }

    @Test("each worker is a line")
    func table() {
        let lines = NodesText.workers([worker(1, .ready), worker(2, .waiting, problem: "signal 9 ended it")]).text
            .splitBytes("\n").map(String.init)
        #expect(lines.count == 3 && lines[0].hasBytePrefix("WORKER  STATE"))
        #expect(lines[1].hasBytePrefix("     1  ready    2026-11-29T10:00:00Z   71         0"))
        #expect(lines[2].hasByteSuffix("3  signal 9 ended it"))
    }
}
