import Times
import AdminAPI
import Foundation
import Names
import Testing
import Text

@testable import portcullis

@Suite("What is wrong with services") struct ServiceFindingsTests {
    private let now = InternetTime.date("2026-11-29T12:00:00Z")!

    private func service(_ index: Int, isInstalled: Bool = true) -> ServiceResource {
        ServiceResource(
            name: "pgw.\(index)", type: "pgw", index: index, server: "app\(index)", state: .ready, weight: nil,
            version: isInstalled ? VersionReference("1.5.0") : nil)
    }

    private func node(_ index: Int, _ state: NodeResource.State = .present) -> NodeResource {
        NodeResource(server: "app\(index)", location: "tcn", state: state, age: state == .silent ? 300 : nil)
    }

    private func job(
        _ service: Int, _ state: JobState, at time: String, kind: JobResource.Kind = .service(.node(.restart)),
        name: String? = nil
    ) -> JobResource {
        JobResource(
            id: "1-0a", service: "pgw.\(service)", server: "app\(service)", kind: kind, name: name, arguments: [],
            version: "", state: state, createdBy: "ops", createdAt: time, deadline: time, endedAt: time,
            problem: state == .failed ? "exit 3" : nil)
    }

    private func findings(
        _ services: [ServiceResource], _ nodes: [NodeResource], differences: [ExactText: [NodeDifference]] = [:],
        down: [String] = [], jobs: [JobResource] = []
    ) -> ServiceFindings {
        let health = HealthOverview(
            sections: [.init(type: "pgw", section: "http")],
            gateways: [
                .init(
                    location: "tcn", name: "gw1", isInForce: true, isSilent: false, targets: 2, unknown: 0, isCut: false
                )
            ],
            down: down.map {
                .init(
                    service: $0, section: "http", location: "tcn", gateway: "gw1", target: "10.1.0.11:80",
                    since: "2026-11-29T01:00:00Z", reason: "connection refused")
            }, downCount: down.count)
        return ServiceFindings(
            services, locations: services.reduce(into: [:]) { $0[$1.server] = "tcn" },
            nodes: nodes.reduce(into: [:]) { $0[$1.server] = $1 }, differences: differences, health: health, jobs: jobs,
            now: now)
    }

    private func texts(_ findings: ServiceFindings) -> [String] {
        findings.rows.map { "\($0.service) \($0.severity.word): \($0.problems.joined(separator: "; "))" }
    }

    @Test("nothing is said of services that are as they should be")
    func well() {
        let found = findings([service(1), service(2, isInstalled: false)], [node(1), node(2, .silent)])
        #expect(found.rows.isEmpty && found.exitStatus == 0)
    }

    @Test("what a service has left at another server is no fault of it")
    func leftover() {
        let left = ["app2": [NodeDifference(service: "pgw.1", text: "its directory is there, and is to be removed")]]
        let found = findings(
            [service(1), service(2)], [node(1), node(2)],
            differences: left.reduce(into: [:]) { $0[ExactText($1.key)] = $1.value })
        #expect(found.rows.isEmpty && found.exitStatus == 0)
    }

    @Test("each fault is told, and the worst is the exit status")
    func faults() {
        let found = findings(
            [service(1), service(2), service(3), service(4), service(5, isInstalled: false)],
            [node(1), node(2, .silent), node(3, .unheard), node(4)],
            differences: ["app1": [.init(service: "pgw.1", text: "is failing, and is to be running")]],
            down: ["pgw.5", "pgw.2"],
            jobs: [job(4, .failed, at: "2026-11-29T11:00:00Z")])
        #expect(
            texts(found) == [
                "pgw.1 out-of-line: is failing, and is to be running",
                "pgw.2 silent: the node of app2 was last heard of 5 min ago; is down at gw1: connection refused",
                "pgw.3 waiting: nothing was heard of the node of app3 yet",
                "pgw.4 degraded: job 1-0a (restart) has failed: exit 3",
                "pgw.5 out-of-line: is down at gw1: connection refused",
            ])
        #expect(found.exitStatus == 7)
    }

    @Test("a job that has failed counts for a day, unless a later one of its kind and name succeeds")
    func jobs() {
        let at = { (hour: Int) in "2026-11-29T\(hour < 10 ? "0" : "")\(hour):00:00Z" }
        let count = { (jobs: [JobResource]) in
            self.findings([self.service(1)], [self.node(1)], jobs: jobs).rows.flatMap(\.problems).count
        }
        #expect(count([job(1, .failed, at: at(1)), job(1, .succeeded, at: at(2))]) == 0)
        #expect(count([job(1, .succeeded, at: at(1)), job(1, .unknown, at: at(2))]) == 1)
        #expect(count([job(1, .failed, at: at(1)), job(1, .running, at: at(2))]) == 1)
        // A master that is not in touch has until the deadline.
        #expect(count([job(1, .waiting, at: at(13), kind: .service(.master(.reload)))]) == 0)
        #expect(count([job(1, .failed, at: "2026-11-28T11:59:59Z")]) == 0)
        #expect(
            count([
                job(1, .failed, at: at(1), kind: .service(.node(.action)), name: "a"),
                job(1, .succeeded, at: at(2), kind: .service(.node(.action)), name: "b"),
            ]) == 1)
    }
}
