import Supervision
import Testing

@Suite("Reloads") struct ReloadTests {
    /// What the next starts do.
    private final class Program {
        var isBroken = true
    }

    private func started(_ settings: MasterSettings) -> SimulatedHost {
        var host = SimulatedHost(settings)
        host.begin()
        host.run(200)
        return host
    }

    @Test("a restart takes one worker after the other, and never one that serves before its replacement does")
    func rolling() {
        var host = started(SimulatedHost.settings(workers: 3))
        host.feed(.restart)
        #expect(host.supervisor.phase == .reloading)
        for _ in 0..<1_000 {
            host.run(1)
            #expect(host.serving == 3)
            #expect(host.supervisor.places.count { $0.workers.count > 1 } <= 1)
        }
        #expect(host.supervisor.phase == .running && host.supervisor.lastReload?.problem == nil)
        #expect(host.supervisor.places.map { $0.current?.generation } == [4, 5, 6])
        #expect(host.records == [] && host.problems == [])
    }

    @Test(
        "a replacement that fails ends the reload, and the old ones go on",
        arguments: [
            (
                SimulatedHost.Behaviour(ready: nil, life: 30),
                "worker 1: the new process ended with status 3 before it was ready"
            ),
            (.init(ready: nil), "worker 1: the new process was not ready after 5000 ms"),
            (.init(ready: nil, crash: 30), "worker 1: the new process crashed before it was ready"),
            (.init(fault: "no memory"), "worker 1: no memory"),
        ])
    func failing(_ behaviour: SimulatedHost.Behaviour, _ problem: String) {
        var host = SimulatedHost(SimulatedHost.settings(workers: 2))
        host.behaviour = { _, start in start <= 2 ? .init() : behaviour }
        host.begin()
        host.run(200)
        host.feed(.restart)
        host.run(6_000)
        #expect(host.supervisor.lastReload?.problem == problem)
        #expect(host.supervisor.places.map { $0.current?.generation } == [1, 2] && host.serving == 2)
        #expect(host.supervisor.places.map(\.restarts) == [0, 0] && host.problems == [])
    }

    @Test("a worker that fails while its replacement starts is replaced by it")
    func promoted() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 1))
        host.behaviour = { _, start in start == 1 ? .init(life: 500) : .init(ready: 400) }
        host.begin()
        host.run(300)
        host.feed(.restart)
        host.run(1_000)
        #expect(host.supervisor.places[0].current?.generation == 2 && host.supervisor.generation == 2)
        #expect(host.supervisor.lastReload?.problem == nil && host.serving == 1 && host.problems == [])
    }

    @Test("without sockets the old process goes first, but not the last one that serves of several")
    func withoutSockets() {
        var host = started(SimulatedHost.settings(workers: 2) { $0.listen = [] })
        host.feed(.restart)
        for _ in 0..<500 {
            host.run(1)
            #expect(host.serving >= 1 && host.alive(1).count <= 1 && host.alive(2).count <= 1)
        }
        #expect(host.supervisor.places.map { $0.current?.generation } == [3, 4])

        var alone = SimulatedHost(SimulatedHost.settings(workers: 2) { $0.listen = [] })
        alone.behaviour = { number, _ in .init(ready: number == 2 ? 4_000 : 50) }
        alone.begin()
        alone.run(200)
        #expect(alone.serving == 1)
        alone.feed(.restart)
        alone.run(100)
        #expect(alone.supervisor.lastReload?.problem == "worker 1: no other worker serves, so it was not restarted")
        #expect(alone.serving == 1 && alone.problems == [] && host.problems == [])
    }

    @Test("a program without sockets is stopped and started")
    func alone() {
        var host = started(SimulatedHost.settings(workers: 0) { $0.listen = [] })
        host.feed(.restart)
        host.run(1)
        #expect(host.serving == 0)
        host.run(200)
        #expect(host.supervisor.places[0].current?.generation == 2 && host.serving == 1 && host.problems == [])
    }

    @Test("a signal goes to one worker after the other, and no further than the first that it ends")
    func signal() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 3) { $0.reload = .signal(1) })
        host.begin()
        host.run(200)
        host.feed(.reload)
        host.run(1)
        #expect([1, 2, 3].map { host.processes[$0]?.signals } == [[1], [], []])
        host.end(1, .exited(9))
        host.run(1_000)
        #expect([2, 3].map { host.processes[$0]?.signals } == [[], []])
        #expect(host.supervisor.lastReload?.problem == "worker 1: it ended with status 9")
        host.feed(.reload)
        host.run(1_000)
        #expect([4, 2, 3].map { host.processes[$0]?.signals } == [[1], [1], [1]])
        #expect(host.supervisor.lastReload?.problem == nil && host.problems == [])
    }

    @Test("a worker that takes configurations gets a message, and may refuse")
    func message() {
        var host = started(SimulatedHost.settings(workers: 2) { $0.configuration = "/c" })
        for generation in 1...2 { host.feed(.controlled(generation: generation, .hello(takesConfiguration: true))) }
        host.feed(.configurationTouched)
        host.run(150)
        host.feed(.configurationTouched)
        host.run(150)
        #expect(host.sent.isEmpty, "the file is still being written")
        host.run(60)
        #expect(host.sent == [1: [.configuration(path: "/c")]])
        host.feed(.controlled(generation: 1, .configurationTaken))
        host.feed(.controlled(generation: 2, .configurationRefused("line 3")))
        #expect(host.supervisor.lastReload?.problem == "worker 2: it refused the configuration: line 3")
        host.feed(.reload)
        host.run(6_000)
        #expect(
            host.supervisor.lastReload?.problem == "worker 1: it has not answered whether it takes the configuration")
        #expect(host.supervisor.generation == 2 && host.problems == [])
    }

    @Test("one that is kept for a debugger holds up no reload")
    func parked() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 2))
        host.behaviour = { _, start in start == 1 ? .init(crash: 100) : .init() }
        host.begin()
        host.run(300)
        #expect(host.alive(1) == [1, 3] && host.serving == 2)
        host.feed(.restart)
        host.run(1_000)
        #expect(host.supervisor.lastReload?.problem == nil && host.supervisor.phase == .running)
        #expect(host.alive(1) == [1, 4] && host.alive(2) == [5] && host.problems == [])
        host.run(Supervisor.parkTime)
        #expect(host.alive(1) == [4] && host.problems == [])
    }

    @Test(
        "what is asked for starts workers in their pauses at once, and forgets their failures",
        arguments: [
            (SupervisionEvent.restart, MasterSettings.Reload.restart), (.reload, .nothing),
            (.configurationTouched, .signal(1)),
        ])
    func awakened(_ event: SupervisionEvent, _ reload: MasterSettings.Reload) {
        var host = SimulatedHost(
            SimulatedHost.settings(workers: 2) {
                $0.reload = reload
                $0.configuration = "/c"
            })
        let program = Program()
        host.behaviour = { _, _ in program.isBroken ? .init(ready: nil, life: 10) : .init() }
        host.begin()
        while host.supervisor.places.contains(where: { ($0.startAt ?? 0) < host.now.milliseconds + 5_000 }) {
            host.run(100)
        }
        program.isBroken = false
        let generation = host.supervisor.generation
        let restarts = host.supervisor.places.map(\.restarts)
        host.feed(event)
        host.run(700)
        #expect(host.serving == 2 && host.supervisor.generation == generation + 2)
        #expect(host.supervisor.places.allSatisfy { $0.backOff == BackOff() })
        #expect(host.supervisor.places.map(\.restarts) == restarts, "they were asked for")
        #expect(host.supervisor.lastReload != nil && host.supervisor.lastReload?.problem == nil)
        #expect(host.supervisor.phase == .running && host.problems == [])
    }

    @Test("a worker that fails again when its pause was ended is told, whoever's turn it is")
    func failsAgain() {
        let program = Program()
        var host = SimulatedHost(SimulatedHost.settings(workers: 3))
        host.behaviour = { number, start in
            switch number {
            case 1: program.isBroken ? .init(ready: nil, life: 100) : .init(ready: 500)
            case 3: .init(ready: nil, life: 100)
            default: .init()
            }
        }
        host.begin()
        host.run(400)
        #expect(host.serving == 1 && host.supervisor.places.count { $0.startAt != nil } == 2)
        program.isBroken = false
        host.feed(.restart)
        host.run(300)
        #expect(host.supervisor.lastReload?.problem == "worker 3: it ended with status 3")
        #expect(host.supervisor.phase != .reloading && host.problems == [])
    }

    @Test("where nothing is said, a reload starts anew only those whose sockets are kept")
    func unsaid() {
        var kept = started(SimulatedHost.settings(workers: 2))
        kept.feed(.reload)
        kept.run(500)
        #expect(kept.supervisor.places.map { $0.current?.generation } == [3, 4] && kept.problems == [])
        for reload in [nil, MasterSettings.Reload.restart] {
            var own = started(
                SimulatedHost.settings(workers: 2) {
                    $0.listen = []
                    $0.reload = reload
                })
            own.feed(.reload)
            own.run(500)
            #expect(own.supervisor.places.map { $0.current?.generation } == (reload == nil ? [1, 2] : [3, 4]))
            #expect(own.supervisor.lastReload?.problem == nil && own.problems == [])
        }
    }

    @Test("workers that are held have a state, a stop is their end, and they start when they are let go")
    func held() {
        let now = Moment(milliseconds: 5_000, wall: 1_800_000_000)
        var supervisor = Supervisor(settings: SimulatedHost.settings(workers: 2), seed: 1)
        supervisor.hold(at: now)
        #expect(supervisor.summaries.map(\.since) == [now.wall, now.wall] && supervisor.phase == .starting)
        #expect(supervisor.take(.reload, at: now).contains(.start(number: 1, generation: 1)) == false)
        var stopped = supervisor
        #expect(stopped.take(.stop, at: now) == [.finish(status: 0)])
        let actions = supervisor.adopt([], saved: nil, at: now)
        #expect(actions == [.start(number: 1, generation: 1), .start(number: 2, generation: 2)])
    }

    @Test("reloads during a reload are one more, and a restart among them makes it one")
    func again() {
        var host = started(SimulatedHost.settings(workers: 1) { $0.reload = .nothing })
        host.feed(.restart)
        for event in [SupervisionEvent.reload, .restart, .reload] { host.feed(event) }
        host.run(2_000)
        #expect(host.supervisor.generation == 3 && host.supervisor.phase == .running && host.problems == [])
    }
}
