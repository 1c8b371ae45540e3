import AdminAPI
import Testing

@testable import portcullis

@Suite struct MoveDisplayTests {
    private func move(_ stage: String, _ waitsFor: String?, left: Int? = nil) -> MoveResource {
        MoveResource(
            service: "web.1", from: "app1", to: "app2", state: .moving, stage: stage, since: "2026-11-29T10:00:00Z",
            isExclusive: false, createdBy: "ops", createdAt: "2026-11-29T10:00:00Z", waitsFor: waitsFor,
            secondsLeft: left)
    }

    @Test("the time that is left counts down from what ADMIN has told, and not below nothing")
    func countdown() {
        let leaving = move("leaving", "connections on app1 to end", left: 12)
        for (elapsed, left) in [(0, 12), (2, 10), (12, 0), (20, 0)] {
            #expect(
                MoveDisplay.text(leaving, elapsed: elapsed)
                    == "leaving: connections on app1 to end, \(left) s at most")
        }
        #expect(MoveDisplay.text(move("placing", nil), elapsed: 3) == "placing: ADMIN")
        #expect(
            MoveDisplay.text(move("switching", "gw2 to confirm; app1 goes on"), elapsed: 3)
                == "switching: gw2 to confirm; app1 goes on")
    }
}
