import AdminAPI
import Cloud
import Foundation
import Names
import RegistryTestSupport
import TestSupport
import Testing

@testable import Registry

@Suite("Actions at intervals") struct ActionClockTests {
    private static let type = """
        type: pgw
        actions:
          - {name: backup, command: [bin/backup], every: 24h}
          - {name: report, command: [bin/report]}

        """

    private func withCloud(
        _ engine: RegistryStoreTests.Engine, _ body: (PlayedCloud) async throws -> Void
    ) async throws {
        switch engine {
        case .memory: try await body(PlayedCloud(InMemoryStore()))
        case .sqlite:
            try await withTemporaryFolder { folder in
                try await body(PlayedCloud(try SQLiteStore(path: folder.appending(path: "registry.sqlite").path)))
            }
        }
    }

    /// Lets servers report and ADMIN look once in each of some steps of time; restarts ADMIN before each.
    private func pass(_ played: PlayedCloud, steps: Int, of seconds: Double) async throws {
        for _ in 0..<steps {
            await played.restart()
            try await played.play()
            await played.actions.look()
            try await played.play()
            played.clock.advance(by: seconds)
        }
    }

    @Test("one job for each interval, over restarts", arguments: RegistryStoreTests.Engine.allCases)
    func interval(engine: RegistryStoreTests.Engine) async throws {
        try await withCloud(engine) { played in
            try await played.seed(Self.type)
            try await pass(played, steps: 73, of: 3_600)
            let jobs = try await played.cloud.jobs.values.sorted { $0.number < $1.number }
            #expect(jobs.map(\.serviceWork?.name) == ["backup", "backup", "backup"])
            #expect(jobs.allSatisfy { $0.createdBy == "clock" && $0.end?.outcome == .succeeded })
            let events = try await played.store.events(
                EventFilter(kind: .service, name: "pgw.1"), after: 0, before: nil, limit: 50)
            #expect(events.compactMap(\.entry.after).contains("action backup is run at intervals from now on"))
        }
    }

    @Test("no clock that jumps makes a second run, and one that was wrong stops nothing for ever")
    func jumps() async throws {
        try await withCloud(.memory) { played in
            try await played.seed(Self.type)
            try await pass(played, steps: 26, of: 3_600)
            #expect(try await played.cloud.jobs.count == 1)
            for jump: Double in [-7_200, 7_200, -3_456_000] {
                played.clock.set(by: jump)
                try await pass(played, steps: 2, of: 1)
            }
            #expect(try await played.cloud.jobs.count == 1)
            try await pass(played, steps: 25, of: 3_600)
            #expect(try await played.cloud.jobs.count == 2)
            played.clock.set(by: 400 * 86_400)
            try await pass(played, steps: 5, of: 1)
            #expect(try await played.cloud.jobs.count == 3)
        }
    }

    @Test("none is made while one has not ended, for a silent server, or for a service that is stopped")
    func reasons() async throws {
        try await withCloud(.memory) { played in
            try await played.seed(Self.type)
            played.outcomes["app1"] = .some(nil)
            try await pass(played, steps: 26, of: 3_600)
            // Its job has run for longer than it may, and was given up; the interval is over, and its server silent.
            #expect(try await played.cloud.jobs.count == 1)
            try await pass(played, steps: 48, of: 3_600)
            #expect(try await played.cloud.jobs.count == 1)
            played.silent = ["app1"]
            played.outcomes = [:]
            try await played.change { cloud in
                for id in cloud.jobs.keys {
                    cloud.endJob(
                        id, Job.End(outcome: .failed, endedAt: "2027-01-01T00:00:00.000Z", problem: "status 1"))
                }
            }
            try await pass(played, steps: 3, of: 600)
            #expect(try await played.cloud.jobs.count == 1)
            played.silent = []
            try await played.change { $0.services["pgw.1"]?.installation?.desired = .stopped }
            try await pass(played, steps: 3, of: 600)
            #expect(try await played.cloud.jobs.count == 1)
            try await played.change { $0.services["pgw.1"]?.installation?.desired = .running }
            try await pass(played, steps: 3, of: 1)
            #expect(try await played.cloud.jobs.count == 2)
            // Whoever comes back under the name is another one.
            try await played.change { $0.services["pgw.1"] = nil }
            #expect(try await played.cloud.actionRuns.isEmpty)
        }
    }

    @Test("a job after another is assigned when that has succeeded", arguments: RegistryStoreTests.Engine.allCases)
    func predecessors(engine: RegistryStoreTests.Engine) async throws {
        try await withCloud(engine) { played in
            try await played.seed(Self.type)
            try await played.change { cloud in
                var other = cloud.services["pgw.1"]
                other?.index = 2
                other?.server = "app2"
                cloud.services["pgw.2"] = other
            }
            let time = Timestamp.text(played.clock.now())
            let deadline = Timestamp.text(played.clock.now().addingTimeInterval(600))
            let begin = { (action: String) in
                try await played.change { cloud in
                    let job = { (service: String) in
                        JobRequest(
                            service: service, kind: .action, name: action, createdBy: "ops", createdAt: time,
                            deadline: deadline)
                    }
                    try cloud.add(
                        SwitchRequest(
                            demotion: job("pgw.1"), promotion: job("pgw.2"),
                            nonces: (.random(in: 0...9_999), .random(in: 0...9_999))))
                }
            }
            try await begin("report")
            let assigned = { (server: String) in
                try await played.registry.state().assignments.byServer[server]?.document.jobs.count
            }
            #expect(try await assigned("app1") == 1)
            #expect(try await assigned("app2") == 0)
            let first = try await played.registry.state().assignments.tags
            played.outcomes["app2"] = .some(nil)
            await played.restart()
            try await played.play()
            #expect(try await assigned("app1") == 0)
            #expect(try await assigned("app2") == 1)
            #expect(try await played.registry.state().assignments.tags["app2"] != first["app2"])
            played.outcomes["app2"] = nil
            try await played.play()
            #expect(try await played.cloud.jobs.values.allSatisfy { $0.end?.outcome == .succeeded })
            played.outcomes["app1"] = .failed
            try await begin("report")
            try await played.play()
            let last = try #require(try await played.cloud.jobs.values.max { $0.number < $1.number })
            #expect(last.end?.outcome == .failed && last.end?.startedAt == nil)
            #expect(last.end?.problem == "it was not begun: report of pgw.1 on app1 has failed")
            // Of the first nothing is heard, and the second was never begun.
            played.silent = ["app1", "app2"]
            try await begin("report")
            played.clock.advance(by: 700)
            let states = StateClock(registry: played.registry, logger: played.log.logger)
            await states.look()
            let ends = try await played.cloud.jobs.values.sorted { $0.number < $1.number }.suffix(2).map(\.end)
            #expect(ends.map(\.?.outcome) == [.unknown, .failed])
            #expect(ends.last??.problem?.hasPrefix("it was not begun") == true)
        }
    }
}
