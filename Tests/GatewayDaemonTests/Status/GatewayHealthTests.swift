import AdminAPI
import Testing

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

@Suite struct GatewayHealthTests {
    private let status = {
        var status = GatewayStatus(
            name: "gw1", location: "tcn", role: "active", mode: .daemon, process: 1, startedAt: 900)
        status.state = .synchronized
        status.poll = GatewayStatus.Poll(at: 1_000, succeededAt: 1_000)
        return status
    }()

    private func health(
        _ status: GatewayStatus?, isRunning: Bool = true, answer: SignOfLife = .given, now: Int = 1_010,
        deviations: [String] = []
    ) -> GatewayHealth {
        GatewayHealth(
            status, role: .active, isRunning: isRunning, answer: answer,
            asked: ClockReading(boot: now, wall: now, bootID: "this"), now: now, patience: 36, deviations: deviations)
    }

    @Test("each fault has its verdict and its exit status")
    func verdicts() {
        #expect(health(status).verdict == .healthy)
        #expect(health(status, isRunning: false).verdict == .stopped)
        #expect(health(nil).verdict == .waiting)
        #expect(health(nil, answer: .missing).verdict == .hung)
        #expect(health(status, answer: .missing).verdict == .hung)
        #expect(health(status, now: 1_037).verdict == .hung)
        #expect(health(status, deviations: ["nft  + ports4 198.51.100.36 . tcp . 80"]).verdict == .outOfLine)
        var waiting = status
        waiting.state = .waiting
        #expect(health(waiting).verdict == .waiting)
        #expect(GatewayHealth.Verdict.allCases.map(\.exitStatus) == [0, 3, 4, 5, 6, 7])
    }

    @Test("scripts get a line for each of state, role and reason, whatever the reasons have in them")
    func environment() {
        #expect(health(status).environment == "STATE=healthy\nROLE=active\nREASON=")
        var failing = status
        failing.errors = ["disk full\nSTATE=healthy", "\u{202E}x"]
        #expect(
            health(failing).environment
                == "STATE=degraded\nROLE=active\nREASON=disk full\\nSTATE=healthy: \\u{202E}x")
    }

    @Test("a gateway that serves without ADMIN, holds an export back, or has a step refused is degraded, and says why")
    func degraded() {
        var away = status
        away.poll?.error = "ADMIN cannot be reached"
        #expect(health(away).text == "degraded, active: ADMIN cannot be reached")
        var held = status
        held.held = GatewayStatus.Held(etag: "\"3f\"", reasons: [], since: 0, isRejected: false)
        #expect(health(held).text == "degraded, active: export \"3f\" is held back")
        var refused = status
        refused.state = .failing
        refused.failures = [GatewayStatus.Failure(error: "no mh", since: 0, attempts: 1, retryAt: 0)]
        var setting = status
        setting.settings = [
            SettingDeviation(
                name: "net.ipv4.ip_forward", found: "0", consequence: "answers are not forwarded",
                remedy: "sysctl -w net.ipv4.ip_forward=1")
        ]
        #expect(
            health(setting).text
                == "degraded, active: net.ipv4.ip_forward is 0: answers are not forwarded; "
                + "fix it with: sysctl -w net.ipv4.ip_forward=1")
        // The step that was refused is missing in the kernel, of course.
        #expect(health(refused, deviations: ["ipvs + service"]).text == "degraded, active: no mh")
    }

    @Test("a daemon that answers and cannot write its status is degraded, not hung")
    func unwritten() {
        var status = status
        status.clock = ClockStamp(ClockReading(boot: 1_001, wall: 1_001, bootID: "this"))
        #expect(
            health(status, now: 1_100).text
                == "degraded, active: status.json is of 100 s ago at least, and the daemon answers: it cannot be written"
        )
        #expect(health(status, answer: .unknown, now: 1_100).verdict == .hung)
        #expect(health(status, answer: .missing, now: 1_100).verdict == .hung)
        #expect(health(status, now: 1_100, deviations: ["nft  + table inet portcullis"]).verdict == .outOfLine)
        // Written for the answer: it is the polls that stand still.
        status.clock?.boot = 1_100
        #expect(health(status, now: 1_100).text == "hung, active: the daemon has not polled for 100 s")
    }

    @Test("a daemon that has just started is given its time to poll")
    func fresh() {
        var status = status
        status.startedAt = 2_000
        #expect(health(status, now: 2_030).verdict == .healthy)
        #expect(health(status, now: 2_037).verdict == .hung)
    }
}
