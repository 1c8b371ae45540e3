import Names
import Rollouts
import Testing

@testable import Cloud

@Suite("Moves of services in a cloud") struct MoveTests {
    private static let digest = String(repeating: "0a", count: 32)

    private func request(_ server: String, mayLeaveData: Bool = false) -> MoveRequest {
        MoveRequest(
            service: "mdb.1", server: server, mayLeaveData: mayLeaveData, createdBy: "ops",
            createdAt: "2026-01-01T00:00:00.000Z")
    }

    private func cloud() throws -> Cloud {
        var cloud = try TestCloud.seed()
        cloud.types["mdb"] = try TestCloud.type("type: mdb\nunique: true\nrequires:\n  labels: [db]\n")
        for server in ["app1", "app2"] {
            cloud.servers[server]?.labels = ["db"]
            cloud.servers[server]?.drives = ["d1": "/mnt/d1", "d2": "/mnt/d2"]
        }
        cloud.services["mdb.1"] = ServiceInstance(
            type: "mdb", index: 1, server: "app1",
            installation: Installation(version: .manifest(Self.digest), digest: Self.digest, drive: "d2"))
        return cloud
    }

    @Test("a service with data moves only without it, and has a drive at each place")
    func drives() throws {
        let before = try cloud()
        var cloud = before
        let error = #expect(throws: ChangeError.self) { try cloud.move(request("app2"), since: before, .none) }
        #expect("\(error as Any)".contains("--without-data"))
        try cloud.move(request("app2", mayLeaveData: true), since: before, .none)
        cloud.settleInstallations(since: before)
        let move = try #require(cloud.moves["mdb.1"])
        #expect(move.oldDrive == "d2" && move.newDrive == "d1" && move.progress.policy.isExclusive)
        #expect(cloud.services["mdb.1"]?.server == "app1" && cloud.remains.isEmpty)
        var after = cloud
        try after.abortMove(of: "mdb.1", at: "2026-01-01T00:00:01.000Z")
        after.settleInstallations(since: cloud)
        #expect(after.remains == [.init(server: "app2", service: "mdb.1"): Remains(drive: "d1")])
        #expect(after.services["mdb.1"]?.installation?.drive == "d2")
    }

    @Test("another version with the move is refused, and so is a service that a rollout has")
    func refused() throws {
        let before = try cloud()
        var cloud = before
        cloud.services["mdb.1"]?.installation?.digest = String(repeating: "1", count: 64)
        let error = #expect(throws: ChangeError.self) {
            try cloud.move(request("app2", mayLeaveData: true), since: before, .none)
        }
        #expect("\(error as Any)".contains("one after the other"))
        cloud = before
        cloud.rollouts["1"] = ServiceRollout(
            number: 1, type: "mdb", version: .manifest(Self.digest), digest: Self.digest, versionsBefore: [:],
            createdBy: "ops", createdAt: "2026-01-01T00:00:00.000Z",
            progress: Rollout([(name: "mdb.1", version: "1")], to: "2", by: RolloutPolicy()))
        let other = #expect(throws: ChangeError.self) {
            try cloud.move(request("app2", mayLeaveData: true), since: before, .none)
        }
        #expect("\(other as Any)".contains("rollout 1"))
    }

    @Test("the times of an action are spread over the interval by its name, and no clock makes two of one")
    func intervals() {
        let actions = (1...1_000).map { ScheduledAction(service: "mdb.\($0)", action: "backup") }
        let (day, now) = (86_400, 1_800_000_000)
        let quarters = actions.reduce(into: [Int](repeating: 0, count: 4)) { $0[$1.offset(day) * 4 / day] += 1 }
        #expect(quarters.allSatisfy { (150...350).contains($0) }, "\(quarters)")
        let hour = 3_600
        for action in actions.prefix(5) {
            let due = (1...hour).filter {
                action.standing(every: hour, last: now, now: now + $0) == .due
                    && action.standing(every: hour, last: now, now: now + $0 - 1) == .waiting
            }
            #expect(due.count == 1)
            #expect(action.standing(every: hour, last: now, now: now - 1_800) == .waiting)
            #expect(action.standing(every: hour, last: now, now: now - hour - 1) == .ahead)
            #expect(action.standing(every: hour, last: now, now: now + 400 * hour) == .due)
            #expect(action.standing(every: 60, last: -61, now: 0) == .due)
        }
    }

    @Test("a job at intervals that does not succeed is told")
    func notice() throws {
        var cloud = try cloud()
        cloud.types["mdb"] = try TestCloud.type(
            "type: mdb\nactions:\n  - {name: backup, command: [bin/backup], every: 24h}\n")
        for (author, nonce) in [("ops", UInt32(1)), (Job.scheduler, 2)] {
            let id = try cloud.add(
                JobRequest(
                    service: "mdb.1", kind: .action, name: "backup", createdBy: author,
                    createdAt: "2026-01-01T00:00:00.000Z", deadline: "2026-01-01T01:00:00.000Z"), nonce: nonce)
            cloud.endJob(
                id,
                Job.End(
                    outcome: .failed, endedAt: "2026-01-01T00:10:00.000Z", problem: "it ended with status 1",
                    output: "no space"))
        }
        #expect(cloud.notices.map(\.title) == ["backup of mdb.1 on app1 has failed"])
        #expect(cloud.notices[0].severity == .warning && cloud.notices[0].text.contains("no space"))
    }
}
