import Supervision
import Testing

@Suite("A supervisor") struct SupervisorTests {
    @Test("starts all workers, and tells once that they are ready")
    func starts() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 3))
        host.begin()
        #expect(host.processes.count == 3 && host.supervisor.phase == .starting && !host.isReadyTold)
        host.run(100)
        #expect(host.isReadyTold && host.serving == 3 && host.supervisor.phase == .running)
        #expect(host.supervisor.nextDeadline == nil, "nothing wakes an idle master")
        #expect(host.problems == [])
    }

    @Test("a failure is replaced at once, the next ones after a pause, in which the sockets are closed")
    func failures() {
        var host = SimulatedHost(SimulatedHost.settings())
        host.behaviour = { number, _ in .init(life: number == 1 ? 100 : nil) }
        host.begin()
        host.run(101)
        #expect(host.alive(1).count == 1 && host.supervisor.places[0].restarts == 1)
        host.run(1_500)
        host.run(200_000)
        #expect(host.closed.allSatisfy { $0 == 1 } && !host.closed.isEmpty)
        #expect((8...10).contains(host.records.count), "\(host.records.count) failures in 200 s")
        #expect(host.records.allSatisfy { $0.kind == .exited && !$0.isParked })
        #expect((0...1).contains(host.records.count - host.supervisor.places[0].restarts))
        #expect(host.serving == 1 && host.problems == [])
    }

    @Test("the replacement of a crashed worker is started before its crash file is written, which is kept for 30 s")
    func crash() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 1))
        host.behaviour = { _, start in .init(crash: start == 1 ? 200 : nil) }
        host.begin()
        host.run(201)
        #expect(host.alive(1) == [1, 2] && host.records.map(\.isParked) == [true])
        host.run(29_900)
        #expect(host.alive(1) == [1, 2])
        host.run(200)
        #expect(host.alive(1) == [2] && host.serving == 1 && host.problems == [])
    }

    @Test("a crashed worker is killed when the node has what it needs")
    func dumped() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 1))
        host.behaviour = { _, start in .init(crash: start == 1 ? 200 : nil) }
        host.begin()
        host.run(300)
        host.feed(.dumped(generation: 1))
        host.run(10)
        #expect(host.alive(1) == [2] && host.problems == [])
    }

    @Test("of a crash loop one process is kept for the debugger")
    func crashLoop() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 1))
        host.behaviour = { _, _ in .init(crash: 60) }
        host.begin()
        host.run(20_000)
        #expect(host.records.filter(\.isParked).count == 1 && host.records.count > 3 && host.problems == [])
    }

    @Test("a worker without a sign of life is replaced and kept for the debugger")
    func hung() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 1) { $0.watchdog = 3_000 })
        host.behaviour = { _, start in .init(hang: start == 1 ? 10_000 : nil) }
        host.begin()
        host.run(9_000)
        #expect(host.alive(1) == [1])
        host.run(4_500)
        #expect(host.alive(1) == [1, 2] && host.records.map(\.kind) == [.hung])
        host.run(31_000)
        #expect(host.alive(1) == [2] && host.problems == [])
    }

    @Test("a worker that asks to be taken for hung is said to have asked")
    func trigger() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 1) { $0.watchdog = 3_000 })
        host.begin()
        host.run(1_000)
        var message = NotifyMessage()
        message.hangs = true
        host.feed(.notified(generation: 1, message))
        #expect(host.records.map(\.kind) == [.hung])
        #expect(
            host.supervisor.places[0].lastEnd?.text == "it asked to be taken for hung (WATCHDOG=trigger)")
        host.run(2_000)
        #expect(host.alive(1) == [1, 2] && host.problems == [])
    }

    @Test("a wall clock that jumps changes nothing")
    func wall() {
        var host = SimulatedHost(SimulatedHost.settings { $0.watchdog = 3_000 })
        host.begin()
        host.run(10_000)
        let before = host.supervisor.places.map { $0.current?.generation }
        host.jump(by: -86_400 * 400)
        host.run(10_000)
        host.jump(by: 86_400 * 800)
        host.run(10_000)
        #expect(host.supervisor.places.map { $0.current?.generation } == before && host.problems == [])
    }

    @Test("a program that cannot be executed at the first start ends the master")
    func fault() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 2))
        host.behaviour = { _, start in .init(fault: start == 2 ? "/p: No such file or directory" : nil) }
        host.begin()
        host.run(3_000)
        #expect(
            host.finished == 78 && host.supervisor.problem == "/p: No such file or directory" && host.problems == [])
    }

    @Test("one that cannot be executed later waits for its next attempt")
    func laterFault() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 1))
        host.behaviour = { _, start in
            .init(life: start == 1 ? 500 : nil, fault: (2...4).contains(start) ? "Too many open files" : nil)
        }
        host.begin()
        host.run(60_000)
        #expect(host.finished == nil && host.serving == 1 && host.problems == [])
    }

    @Test("stops within its limit, whoever is in the way")
    func stop() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 4))
        host.behaviour = { number, _ in
            .init(ready: number == 4 ? nil : 50, crash: number == 2 ? 60 : nil, isStubborn: number == 3)
        }
        host.begin()
        host.run(500)
        host.feed(.restart)
        host.run(10)
        host.feed(.stop)
        host.feed(.stop)
        host.run(2_100)
        #expect(host.finished == 0 && host.problems == [])
    }
}
