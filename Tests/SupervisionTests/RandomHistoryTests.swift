import Supervision
import TestSupport
import Testing

@Suite("Random histories") struct RandomHistoryTests {
    @Test("what must hold does, whatever happens", arguments: 0..<100)
    func anything(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let settings = SimulatedHost.settings(workers: Int.random(in: 0...4, using: &random)) { settings in
            if Bool.random(using: &random) { settings.watchdog = 1_500 }
            if Bool.random(using: &random) { settings.listen = [] }
            settings.reload = [.restart, .signal(1), .nothing].randomElement(using: &random)!
            settings.configuration = "/c"
        }
        var host = SimulatedHost(settings, seed: UInt64(seed))
        // Each start has its own behaviour, the same one whenever it is asked for.
        host.behaviour = { number, start in
            var random = SeededGenerator(seed: UInt64(seed * 1_000 + start))
            guard start > settings.workers + 1, Int.random(in: 0..<3, using: &random) > 0 else { return .init() }
            return [
                .init(life: Int.random(in: 1...4_000, using: &random)),
                .init(crash: Int.random(in: 1...4_000, using: &random)),
                .init(hang: Int.random(in: 1...4_000, using: &random)),
                .init(ready: nil), .init(isStubborn: true), .init(fault: "no memory"), .init(ready: 3_000),
            ].randomElement(using: &random)!
        }
        host.begin()
        for _ in 0..<40 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: host.feed(.reload)
            case 1: host.feed(.restart)
            case 2: host.feed(.configurationTouched)
            case 3:
                if let generation = host.processes.filter({ $0.value.isAlive }).keys.sorted().randomElement(
                    using: &random)
                {
                    host.end(generation, .killed(9))
                }
            case 4:
                if let generation = host.processes.filter({ $0.value.isAlive }).keys.sorted().randomElement(
                    using: &random)
                {
                    host.feed(.dumped(generation: generation))
                    host.feed(
                        .controlled(generation: generation, .hello(takesConfiguration: Bool.random(using: &random))))
                }
            case 5:
                host.killAfter = host.actions + Int.random(in: 1...4, using: &random)
                host.run(2_000)
                let age = [0, 1, 2, nil].randomElement(using: &random)!
                // Without a trace of workers it is a first start, whose fault ends the master.
                host.takeOver(age: age ?? (host.hasWorkers ? nil : 0))
            default: break
            }
            host.run([0, 1, 50, 700, 5_000, 40_000].randomElement(using: &random)!)
        }
        host.feed(.stop)
        host.run(settings.stopTimeout + 100)
        #expect(host.finished == 0, "seed \(seed)")
        #expect(host.problems == [], "seed \(seed)")
    }

    @Test("a restart among healthy workers always leaves those that served", arguments: 0..<20)
    func healthy(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let workers = Int.random(in: 1...8, using: &random)
        var host = SimulatedHost(SimulatedHost.settings(workers: workers))
        host.behaviour = { _, start in
            var random = SeededGenerator(seed: UInt64(seed * 1_000 + start))
            let broken = start > workers && Int.random(in: 0..<6, using: &random) == 0
            return .init(
                ready: broken ? nil : Int.random(in: 1...300, using: &random),
                isStubborn: Int.random(in: 0..<3, using: &random) == 0)
        }
        host.begin()
        host.run(1_000)
        for _ in 0..<6 {
            host.feed(.restart)
            var steps = 0
            while host.supervisor.phase == .reloading, steps < 20_000 {
                host.run(5)
                #expect(host.serving == workers, "seed \(seed)")
                steps += 1
            }
            #expect(steps < 20_000 && host.problems == [], "seed \(seed)")
        }
    }
}
