import AdminAPI
import Foundation
import NodeAgent
import Testing
import Versions

@Suite struct KeeperRecordTests {
    private let version = digest(1)

    private func text(_ lines: String...) -> [UInt8] {
        let head = [
            "keeper 1", "instance abc", "version \(version)", "note failures=2 restarts=5", "boot B1",
            "keeper-process 10 100", "main 11 101", "began 1000 50",
        ]
        return Array((head + lines + ["end", ""]).joined(separator: "\n").utf8)
    }

    private func alive(_ isLocked: Bool, keeper: Bool, main: Bool, boot: String = "B1") -> Liveness {
        Liveness(boot: boot, isLocked: isLocked, hasKeeper: keeper, hasMain: main)
    }

    @Test func aServiceThatRunsIsFound() throws {
        let record = try #require(KeeperRecord(reading: text("started 1100 50", "ready 1500 51")))
        guard case .alive(let process) = ProcessSituation(record, alive(true, keeper: true, main: true)) else {
            Issue.record("it does not run")
            return
        }
        #expect(process.version == version && process.instance == "abc" && process.isKept && !process.isStopping)
        #expect(process.startedAt == 1_100 && process.readyAt == 1_500)
        #expect(process.starts == StartCount(failures: 2, restarts: 5))
    }

    @Test func sinceWhenItIsInAStateTheKeeperKnows() throws {
        var record = try #require(KeeperRecord(reading: text("started 1100 60", "ready 1500 70", "stopping 1600 80")))
        func seconds(_ state: ServerService.State) -> Double? { record.since(state)?.timeIntervalSince1970 }
        #expect([.starting, .running, .stopping, .stopped].map(seconds) == [50, 70, 80, nil])
        record = try #require(KeeperRecord(reading: text("started 1100 60", "ended exited 1 2000 90")))
        #expect([.running, .stopped, .failing, .installing, .absent].map(seconds) == [60, 90, 90, nil, nil])
    }

    @Test func whatIsIncompleteIsNoRecord() {
        let whole = text("started 1100 50")
        for count in 0..<whole.count { #expect(KeeperRecord(reading: Array(whole[..<count])) == nil) }
        #expect(KeeperRecord(reading: whole) != nil)
        #expect(KeeperRecord(reading: text("ended exited x 1 2")) == nil)
        // A newer keeper may write more.
        #expect(KeeperRecord(reading: text("color blue")) != nil)
    }

    @Test func itIsTakenDownWhenItsMasterWasStartedAgain() throws {
        let lines = ["main-restarts 3", "main-restarted 1800 1800000000"]
        let record = try #require(KeeperRecord(reading: text(lines[0], lines[1], "started 1100 50")))
        guard case .alive(let process) = ProcessSituation(record, alive(true, keeper: true, main: true)) else {
            Issue.record("it does not run")
            return
        }
        #expect(process.masterRestarts == MasterRestarts(count: 3, last: "2027-01-15T08:00:00Z"))
    }

    @Test func aMasterIsKnownByItsRestarts() throws {
        let own = try #require(KeeperRecord(reading: text("started 1100 50")))
        #expect(own.mainRestarts == nil)
        guard case .alive(let program) = ProcessSituation(own, alive(true, keeper: true, main: true)) else { return }
        #expect(!program.hasMaster)
        let kept = try #require(KeeperRecord(reading: text("main-restarts 3", "started 1100 50")))
        #expect(kept.mainRestarts == 3 && kept.masterRestarts == nil, "an earlier keeper did not say when")
        // Between two masters there is none: the service runs all the same.
        guard case .alive(let process) = ProcessSituation(kept, alive(true, keeper: true, main: false)) else {
            Issue.record("it does not run")
            return
        }
        #expect(process.hasMaster && process.isKept && process.version == version)
    }

    @Test func anEndIsTold() throws {
        let record = try #require(
            KeeperRecord(reading: text("started 1100 50", "ready 1500 51", "left 2", "ended killed 11 9500 60")))
        guard case .ended(let process) = ProcessSituation(record, alive(false, keeper: false, main: false)) else {
            Issue.record("it runs")
            return
        }
        #expect(process.end == .killed(signal: 11) && process.readyFor == 8_000 && process.left == 2)
        #expect(process.endedAt == 9_500 && !process.wasStopped)
        // The keeper still waits for what was left.
        guard case .alive(let waiting) = ProcessSituation(record, alive(true, keeper: true, main: false)) else {
            Issue.record("it is over")
            return
        }
        #expect(waiting.isStopping)
    }

    @Test func unitLeaseAndMemoryAreFound() throws {
        var record = try #require(
            KeeperRecord(reading: text("unit portcullis-service@pgw.1.service", "started 1100 50", "leased")))
        guard case .alive(let process) = ProcessSituation(record, alive(true, keeper: true, main: true)) else {
            Issue.record("it does not run")
            return
        }
        #expect(process.driver == .systemd && process.isLeased)
        record = try #require(
            KeeperRecord(
                reading: text(
                    "started 1100 50", "ready 1500 51", "stopping 9000 60", "lease-ended 9000 1795946400",
                    "out-of-memory 1", "ended killed 9 9500 60")))
        guard case .ended(let ended) = ProcessSituation(record, alive(false, keeper: false, main: false)) else {
            Issue.record("it runs")
            return
        }
        #expect(ended.leaseEndedAt == "2026-11-29T10:00:00Z" && ended.isOutOfMemory && ended.wasStopped)
        #expect(record.unit == nil)
    }

    @Test func aFailureToExecuteHasItsReason() throws {
        let record = try #require(KeeperRecord(reading: text("ended failed 2 1200 50", "reason bin/run: No such file")))
        #expect(record.end == .failed("bin/run: No such file"))
    }

    @Test func withoutItsKeeperTheServiceRunsOn() throws {
        let record = try #require(KeeperRecord(reading: text("started 1100 50", "ready 1500 51")))
        for isLocked in [true, false] {
            guard case .alive(let process) = ProcessSituation(record, alive(isLocked, keeper: false, main: true)) else {
                Issue.record("it does not run")
                continue
            }
            #expect(!process.isKept && process.version == version)
        }
        // Something of it lives, which is not its program.
        guard case .alive(let rest) = ProcessSituation(record, alive(true, keeper: false, main: false)) else {
            Issue.record("nothing lives")
            return
        }
        #expect(rest.version == nil && !rest.isKept)
        guard case .alive = ProcessSituation(nil, alive(true, keeper: false, main: false)) else {
            Issue.record("nothing lives")
            return
        }
    }

    @Test func aRestartOfTheMachineEndsEverything() throws {
        let record = try #require(KeeperRecord(reading: text("started 1100 50", "ready 1500 51")))
        // Other processes have these numbers now.
        let liveness = Liveness(boot: "B2", isLocked: false, hasKeeper: true, hasMain: true)
        guard case .ended(let process) = ProcessSituation(record, liveness) else {
            Issue.record("it runs")
            return
        }
        #expect(process.end == .unseen && process.endedAt == nil)
    }

    @Test func notesAreReadBack() {
        let count = StartCount(failures: 3, restarts: 7)
        #expect(StartCount(note: count.note) == count)
        #expect(StartCount(note: "restarts=-1 x failures=y") == StartCount())
    }
}
