import Supervision
import Testing

/// The master is killed after each single action of a history, and the next one takes over by what it finds.
@Suite("A master that takes over") struct TakeOverTests {
    /// A start, a crash, an end, a failed and a good restart.
    private func history(_ host: inout SimulatedHost) {
        host.behaviour = { number, start in
            switch start {
            case 1: .init(crash: 300)
            case 2: .init(life: 500)
            case 5: .init(ready: nil, life: 40)
            default: .init()
            }
        }
        host.begin()
        host.run(1_000)
        host.feed(.restart)
        host.run(40_000)
        host.feed(.restart)
        host.run(1_000)
    }

    @Test("after every action: nothing is started twice, nobody is left, all serve", arguments: [0, 1, 3, nil])
    func everyAction(_ age: Int?) {
        var whole = SimulatedHost(SimulatedHost.settings())
        history(&whole)
        #expect(whole.problems == [] && whole.actions > 25 && whole.serving == 2)
        for count in 1...whole.actions {
            var host = SimulatedHost(SimulatedHost.settings())
            host.killAfter = count
            history(&host)
            #expect(host.isKilled)
            host.takeOver(age: age)
            host.run(60_000)
            #expect(host.problems == [], "killed after action \(count)")
            #expect(host.serving == 2, "killed after action \(count)")
            for number in 1...2 { #expect(host.alive(number).count == 1, "killed after action \(count)") }
            #expect(Set(host.processes.values.filter(\.isAlive).map(\.stored)) == [.ready])
        }
    }

    @Test("after every action of a stop it may be stopped again")
    func stopping() {
        for count in 1...40 {
            var host = SimulatedHost(SimulatedHost.settings())
            host.begin()
            host.run(200)
            host.feed(.restart)
            host.run(55)
            host.killAfter = host.actions + count
            host.feed(.stop)
            host.run(5_000)
            guard host.isKilled else {
                #expect(host.finished == 0)
                continue
            }
            host.takeOver(age: 0)
            host.feed(.stop)
            host.run(5_000)
            #expect(host.finished == 0 && host.problems == [], "killed after action \(count)")
        }
    }

    @Test("pauses, counts and the time of a parked worker go on")
    func counts() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 1))
        host.behaviour = { _, start in start <= 4 ? .init(life: 100, crash: start == 1 ? 60 : nil) : .init() }
        host.begin()
        host.run(3_000)
        let place = host.supervisor.places[0]
        #expect(place.restarts == 2 && place.startAt != nil)
        host.takeOver(age: 0)
        #expect(host.supervisor.places[0].restarts == 2 && host.supervisor.places[0].startAt == place.startAt)
        #expect(
            host.supervisor.places[0].backOff == place.backOff && host.supervisor.places[0].lastEnd == place.lastEnd)
        host.run(30_000)
        #expect(host.serving == 1 && host.alive(1).count == 1 && host.problems == [])
    }

    @Test("a process whose sockets are lost is ended before another one takes its place")
    func withoutSockets() {
        var supervisor = Supervisor(settings: SimulatedHost.settings(workers: 1), seed: 1)
        let now = Moment(milliseconds: 5, wall: 5)
        let found = FoundWorker(
            number: 1, generation: 7, process: ProcessIdentity(pid: 9, start: 9), phase: .ready, hasSockets: false)
        #expect(
            supervisor.adopt([found], saved: nil, at: now) == [
                .mark(number: 1, generation: 7, .stopping), .signal(generation: 7, 15),
                .say("processes of an earlier master are taken over: 1"),
            ])
        let actions = supervisor.take(.ended(generation: 7, .unknown), at: now)
        #expect(actions == [.forget(number: 1, generation: 7), .start(number: 1, generation: 8)])
    }
}
