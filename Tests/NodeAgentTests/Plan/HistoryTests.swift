import AdminAPI
import NodeAgent
import TestSupport
import Testing
import Versions

/// Random histories of one service: changes of its assignment, ends of its program, a full disk, altered files, and an
/// agent that is killed between any two steps or in the middle of one.
@Suite struct HistoryTests {
    /// Works as a worker does, until there is nothing to do.
    ///
    /// - Parameter steps: after so many steps the agent is killed, in the middle of the last; `nil`: never.
    /// - Returns: whether it came to an end, rather than to the death of the agent.
    private func work(
        _ server: inout ImaginedServer, _ order: ServiceOrder, steps: Int? = nil, turns: Int = 400
    ) -> Bool {
        var left = steps
        for _ in 0..<turns {
            let plan = ServicePlanner.plan("pgw.1", order, server.look(order), at: server.time)
            if plan.isCarriedOut, plan.steps.isEmpty { return true }
            // Placing goes on from step to step, as long as none fails; the process gets one step in a turn.
            let placing = Array(plan.placing.prefix { !$0.isWait })
            let due = placing + plan.process.prefix(1).filter { !$0.isWait }
            for (index, step) in due.enumerated() {
                if index < placing.count, index > 0, server.situation.placingTrouble != nil { continue }
                if left == 0 {
                    server.perform(step, order, isCutShort: true)
                    return false
                }
                left = left.map { $0 - 1 }
                server.perform(step, order)
            }
            server.time += due.isEmpty ? 250 : 10
        }
        return false
    }

    private func newServer() -> ImaginedServer {
        var server = ImaginedServer()
        for number in 1...4 { server.published[digest(number)] = true }
        server.published[digest(9)] = false
        return server
    }

    @Test(arguments: 0..<300) func whateverHappensItConverges(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var server = newServer()
        var order = ServiceOrder(.running, version: digest(1))
        for _ in 0..<40 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                let choices: [Assignment.Desired] = [.running, .running, .running, .stopped, .absent, .purged]
                let desired = choices.randomElement(using: &random)
                let version = [1, 2, 3, 4, 9].randomElement(using: &random)
                order = ServiceOrder(desired ?? .running, version: digest(version ?? 1))
            case 4: server.crash()
            case 5: server.isFull.toggle()
            case 6:
                // A disk alters what is not running.
                if let version = server.situation.placed.randomElement(using: &random) {
                    if case .alive(let process) = server.situation.process, process.version == version { break }
                    server.altered.insert(version)
                    server.checked.remove(version)
                }
            case 7: server.reboot()
            default: break
            }
            _ = work(&server, order, steps: Int.random(in: 0...6, using: &random), turns: 30)
            if Bool.random(using: &random) { server.killAgent() }
        }
        server.isFull = false
        order = ServiceOrder(.running, version: digest(2))
        #expect(work(&server, order), "seed \(seed): \(server.situation)")
        #expect(server.faults == [])
        guard case .alive(let process) = server.situation.process else {
            Issue.record("seed \(seed): it does not run")
            return
        }
        #expect(process.version == digest(2) && server.situation.current == digest(2))
        let (starts, stops) = (server.starts.count, server.stops)
        // Once it is as it should be, nothing is done, whoever looks.
        server.killAgent()
        #expect(work(&server, order))
        #expect(server.starts.count == starts && server.stops == stops)
    }

    @Test(arguments: 0...12) func anUpgradeThatIsKilledAfterAnyStepGoesOn(step: Int) {
        var server = newServer()
        #expect(work(&server, ServiceOrder(.running, version: digest(1))))
        let order = ServiceOrder(.running, version: digest(2))
        if !work(&server, order, steps: step) { server.killAgent() }
        #expect(work(&server, order))
        #expect(server.faults == [] && server.starts == [digest(1), digest(2)] && server.stops == 1)
    }

    @Test func aVersionThatNobodyTrustsNeverComes() {
        var server = newServer()
        #expect(work(&server, ServiceOrder(.running, version: digest(1))))
        #expect(!work(&server, ServiceOrder(.running, version: digest(9))))
        #expect(server.starts == [digest(1)] && server.stops == 0 && !server.situation.placed.contains(digest(9)))
    }

    @Test func aProgramThatEndsAtOnceIsStartedEverMoreSeldom() {
        var server = newServer()
        server.endsAtOnce = [digest(1)]
        let order = ServiceOrder(.running, version: digest(1))
        let begin = server.time
        while server.time < begin + 600_000 { _ = work(&server, order, turns: 1) }
        #expect(server.faults == [])
        // 1, 2, 4, 8, 16, 32 s, and 45 to 60 s from then on.
        #expect((14...20).contains(server.starts.count), "\(server.starts.count) starts")
        // The way out does not wait.
        #expect(work(&server, ServiceOrder(.running, version: digest(2)), turns: 20))
    }

    @Test func aProgramThatIsNeverReadyDoesNotKeepTheOldVersionAway() {
        var server = newServer()
        server.neverReady = [digest(2)]
        #expect(work(&server, ServiceOrder(.running, version: digest(1))))
        #expect(!work(&server, ServiceOrder(.running, version: digest(2)), turns: 100))
        #expect(work(&server, ServiceOrder(.running, version: digest(1))))
        #expect(server.faults == [])
    }
}
