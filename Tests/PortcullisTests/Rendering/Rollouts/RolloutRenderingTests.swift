import AdminAPI
import CommandLineSupport
import Foundation
import JSON
import Names
import Testing

@testable import portcullis

/// What a person and a program see of a rollout.
@Suite struct RolloutRenderingTests {
    private typealias Instance = RolloutResource.Instance

    private func rollout(
        _ instances: [Instance], state: RolloutState = .running, reason: String? = nil, ending: RolloutState? = nil
    ) -> RolloutResource {
        RolloutResource(
            id: "7", type: "pgw", version: .named("1.6.0", variant: nil), digest: String(repeating: "a", count: 64),
            state: state, reason: reason, ending: ending, createdBy: "ops", createdAt: "2026-11-29T10:00:00Z",
            total: instances.count, done: instances.count { $0.stage == "done" && !$0.isGoingBack },
            back: instances.count { $0.stage == "done" && $0.isGoingBack },
            stuck: instances.count { $0.stage == "stuck" }, instances: instances)
    }

    private func instance(
        _ number: Int, _ stage: String, back: Bool = false, seconds: Int = 0, _ problem: String? = nil
    )
        -> Instance
    {
        Instance(
            service: "pgw.\(number)", server: "app\(number)", stage: stage, isGoingBack: back, before: "1.5.0",
            seconds: seconds, problem: problem)
    }

    @Test("a stage that an instance enters is told once, and what is not yet begun at first is not")
    func news() {
        let first = rollout([instance(1, "draining"), instance(2, "waiting"), instance(3, "done")])
        #expect(RolloutNews.between(nil, and: first).map(\.text) == ["pgw.1 on app1: draining"])
        #expect(RolloutNews.between(first, and: first).isEmpty)
        let later = rollout([instance(1, "draining", seconds: 9), instance(2, "waiting"), instance(3, "done")])
        #expect(RolloutNews.between(first, and: later).isEmpty)
        let next = rollout([instance(1, "emptying"), instance(2, "draining"), instance(3, "done")])
        #expect(
            RolloutNews.between(later, and: next).map(\.text) == ["pgw.1 on app1: emptying", "pgw.2 on app2: draining"])
    }

    @Test("an instance that turns back is told with the reason, and later without it")
    func turningBack() {
        let testing = rollout([instance(1, "testing")])
        let back = rollout([instance(1, "starting", back: true, "its tests failed")])
        let admitting = rollout([instance(1, "admitting", back: true, "its tests failed")])
        let done = rollout([instance(1, "done", back: true, "its tests failed")])
        let stuck = rollout([instance(1, "stuck", back: true, "it does not start")])
        #expect(
            RolloutNews.between(testing, and: back).map(\.text)
                == ["pgw.1 on app1: starting, going back: its tests failed"])
        #expect(RolloutNews.between(back, and: admitting).map(\.text) == ["pgw.1 on app1: admitting, going back"])
        #expect(RolloutNews.between(admitting, and: done).map(\.text) == ["pgw.1 on app1: done, back at 1.5.0"])
        #expect(
            RolloutNews.between(back, and: stuck).map(\.text) == ["pgw.1 on app1: stuck, going back: it does not start"]
        )
    }

    @Test("the same stage on the way back is another stage")
    func sameStageBack() {
        let going = rollout([instance(1, "draining")])
        let back = rollout([instance(1, "draining", back: true, "aborted")])
        #expect(RolloutNews.between(going, and: back).map(\.text) == ["pgw.1 on app1: draining, going back: aborted"])
    }

    @Test("an event has the time at which the stage began")
    func event() throws {
        let news = RolloutNews.between(nil, and: rollout([instance(1, "draining", seconds: 60)]))
        let now = Date(timeIntervalSince1970: 1_796_000_000)
        #expect(
            try #require(news.first).json(now: now) == [
                "rollout": "7", "service": "pgw.1", "stage": "draining", "goingBack": false,
                "at": .string(now.addingTimeInterval(-60).formatted(.iso8601)),
            ])
    }

    @Test("the screen has a line for each instance at work, the time since ADMIN told it counted, and a bar")
    func screen() {
        var waits = instance(2, "draining", seconds: 10)
        waits.waitsFor = "gw2 to confirm"
        let value = rollout([instance(1, "done"), waits, instance(3, "baking", seconds: 4), instance(4, "waiting")])
        #expect(
            RolloutScreen(rollout: value, elapsed: 2).lines(24, columns: 60) == [
                "  pgw.2  draining  12 s  gw2 to confirm",
                "  pgw.3  baking     6 s",
                "pgw to 1.6.0, rollout 7  [======>                   ] 1 of 4",
            ])
    }

    @Test("what went back is counted for itself")
    func back() {
        let value = rollout(
            [instance(1, "done"), instance(2, "done", back: true), instance(3, "waiting"), instance(4, "waiting")],
            state: .failed, reason: "pgw.2: no")
        #expect(RolloutText.line(value) == "rollout 7: pgw to 1.6.0, failed: pgw.2: no, 1 of 4 done, 1 back")
        #expect(RolloutText.rollout(value).contains("\ndone      1 of 4, 1 back\n"))
        #expect(
            RolloutScreen(rollout: value, elapsed: 0).lines(24, columns: 60) == [
                "pgw to 1.6.0, rollout 7  [=========>        ] 1 of 4, 1 back"
            ])
    }

    @Test("the screen fits: lines that are too long are cut, instances that have no room are counted")
    func narrow() {
        let value = rollout((1...30).map { instance($0, "starting", seconds: 1) })
        for (lines, columns) in [(3, 20), (5, 30), (24, 80), (200, 300)] {
            let text = RolloutScreen(rollout: value, elapsed: 0).lines(lines, columns: columns)
            #expect(text.count <= lines && text.allSatisfy { $0.unicodeScalars.count <= columns })
            if lines < 31, lines > 2 { #expect(text[text.count - 2] == "  … and \(30 - (lines - 2)) more") }
        }
        #expect(RolloutScreen.cut("abcdef", 4) == "abc…")
        #expect(RolloutScreen.cut("abcd", 4) == "abcd")
    }

    @Test("the bar is full only when all is done")
    func bar() {
        #expect(RolloutScreen.bar(0, of: 8, width: 10) == ">         ")
        #expect(RolloutScreen.bar(4, of: 8, width: 10) == "=====>    ")
        #expect(RolloutScreen.bar(7, of: 8, width: 10) == "========> ")
        #expect(RolloutScreen.bar(8, of: 8, width: 10) == "==========")
        for width in 5...40 {
            for done in 0...9 {
                let bar = RolloutScreen.bar(done, of: 9, width: width)
                #expect(bar.utf8.count == width)
                #expect((bar == String(repeating: "=", count: width)) == (done == 9))
            }
        }
    }

    @Test("each end has its own exit status", arguments: RolloutState.allCases)
    func outcomes(state: RolloutState) {
        let whole = rollout([instance(1, "done")], state: state)
        let broken = rollout([instance(1, "stuck")], state: state)
        func outcome(_ value: RolloutResource, _ goal: RolloutState) -> RolloutOutcome? {
            RolloutOutcome(of: value, goal: goal)
        }
        switch state {
        case .running: #expect(outcome(whole, .finished) == nil && outcome(broken, .finished) == nil)
        case .paused: #expect(outcome(whole, .finished) == .paused && outcome(broken, .reverted) == .paused)
        case .failed: #expect(outcome(whole, .finished) == .failed && outcome(whole, .aborted) == .failed)
        case .finished: #expect(outcome(whole, .finished) == .reached && outcome(whole, .aborted) == .endedByAnother)
        case .aborted, .reverted:
            #expect(outcome(whole, .finished) == .endedByAnother && outcome(whole, state) == .reached)
        }
        if state.isEnd { #expect(outcome(broken, state) == .stuck) }
    }

    @Test("exit statuses are none that other commands have, and the help names each")
    func statuses() {
        let statuses = RolloutOutcome.allCases.map(\.rawValue)
        #expect(Set(statuses).count == statuses.count)
        #expect(Set(statuses).isDisjoint(with: [1, 2, 64]))
        for status in statuses { #expect(RolloutOutcome.help.contains("\(status) ")) }
    }

    @Test("a paused rollout says why, what is still at work, and what to do")
    func pausedText() {
        let paused = rollout([instance(1, "baking"), instance(2, "waiting")], state: .paused, reason: "gw2 is silent")
        #expect(
            RolloutOutcome.paused.text(of: paused) == """
                rollout 7 is paused: gw2 is silent
                1 instance is still at work.
                `portcullis rollouts resume 7` goes on, with --without-gateway for a gateway that is known to be off; \
                `portcullis rollouts abort 7` ends it.
                """)
    }

    @Test("after a failure only those count that have the new version")
    func failedText() {
        let first = rollout(
            [instance(1, "done", back: true), instance(2, "waiting")], state: .failed, reason: "pgw.1: no")
        #expect(
            RolloutOutcome.failed.text(of: first) == """
                rollout 7 has failed: pgw.1: no
                No instance runs 1.6.0. `portcullis rollouts show 7` has each instance.
                """)
        let later = rollout(
            [instance(1, "done"), instance(2, "done", back: true)], state: .failed, reason: "pgw.2: no")
        #expect(
            RolloutOutcome.failed.text(of: later) == """
                rollout 7 has failed: pgw.2: no
                1 of 2 run 1.6.0, and keep it. `portcullis rollouts show 7` has each instance; \
                `portcullis rollouts revert 7` takes those back, too.
                """)
    }

    @Test("a command that is repeated says what there is")
    func again() {
        let value = rollout([instance(1, "done"), instance(2, "baking")])
        #expect(RolloutText.underWay(value) == "rollout 7 is under way already: pgw to 1.6.0, running, 1 of 2 done")
        for (count, services, location, text) in [
            (4, [], nil, "all 4 instances of pgw run"), (1, [], nil, "the one instance of pgw runs"),
            (2, [], "tcn", "all 2 instances of pgw at tcn run"), (1, ["pgw.7"], nil, "pgw.7 runs"),
            (2, ["pgw.7", "pgw.8"], "tcn", "pgw.7, pgw.8 run"),
        ] as [(Int, [String], String?, String)] {
            #expect(
                RolloutText.upToDate(count, of: "pgw", services, at: location, version: "1.6.0")
                    == "nothing to do: \(text) 1.6.0")
        }
    }

    @Test("instances that have the version already, and those that are no more, are named")
    func named() {
        var waiting = instance(1, "waiting")
        waiting.waitsFor = "app1 to run it"
        var gone = instance(2, "done")
        gone.server = nil
        #expect(
            RolloutText.awaited(rollout([waiting, gone]))
                == "Note: pgw.1 has 1.6.0 already, and does not run it yet: that is waited for.")
        #expect(RolloutText.awaited(rollout([instance(1, "waiting"), gone])) == nil)
        #expect(
            RolloutOutcome.reached.text(of: rollout([instance(1, "done", back: true), gone], state: .reverted))
                == "rollout 7 is reverted: the instances have the versions that they had, but for pgw.2, which is no more"
        )
    }

    @Test("the list tells how a rollout is about to end")
    func list() {
        let aborting = rollout([instance(1, "done"), instance(2, "starting", back: true)], ending: .aborted)
        #expect(
            RolloutText.table([aborting]).text == """
                ROLLOUT  TYPE  VERSION  STATE              DONE    BEGUN                 ENDED  BY   REASON
                7        pgw   1.6.0    running, aborting  1 of 2  2026-11-29T10:00:00Z         ops
                """)
    }

    @Test("one rollout is shown with each instance, what it waits for and what has failed")
    func show() {
        var waits = instance(2, "draining", seconds: 150)
        waits.waitsFor = "gw2 to confirm"
        let value = rollout([instance(1, "done", back: true, "its tests failed"), waits], ending: .failed)
        #expect(
            RolloutText.rollout(value).hasSuffix(
                """
                SERVICE  SERVER  STAGE          FOR  BEFORE  REMARK
                pgw.1    app1    done (back)         1.5.0   its tests failed
                pgw.2    app2    draining     2 min  1.5.0   gw2 to confirm
                """))
    }
}
