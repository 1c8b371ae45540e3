import JSON
import Supervision
import Testing
import Text

@Suite("Orders") struct OrderTests {
    private func started(_ workers: Int = 3, _ change: (inout MasterSettings) -> Void = { _ in }) -> SimulatedHost {
        var host = SimulatedHost(SimulatedHost.settings(workers: workers, change))
        host.begin()
        host.run(200)
        return host
    }

    @Test("one worker is started anew, after its replacement is ready, and the others stay")
    func restartWorker() {
        var host = started()
        host.feed(.ordered(.restartWorker(2), ticket: 1))
        for _ in 0..<500 {
            host.run(1)
            #expect(host.serving == 3)
        }
        #expect(host.supervisor.places.map { $0.current?.generation } == [1, 4, 3])
        #expect(host.done == [1: "done"] && host.records == [] && host.problems == [])
    }

    @Test("what cannot be done says why")
    func refusals() {
        var host = started(1) { $0.listen = [] }
        host.feed(.ordered(.restartWorker(5), ticket: 1))
        host.feed(.ordered(.dump(0), ticket: 2))
        host.feed(.ordered(.dump(nil), ticket: 3))
        host.feed(.ordered(.dump(1), ticket: 4))
        host.run(10)
        #expect(host.done[1] == "pgw.1 has no worker 5; it has 1")
        #expect(host.done[2] == "pgw.1 has no worker 0; it has 1")
        #expect(host.done[3] == "dumped" && host.done[4] == "worker 1 is not ready")
        host.run(300)
        host.feed(.ordered(.dump(1), ticket: 5))
        #expect(host.done[5] == "an earlier process of worker 1 is still kept for a debugger")
        #expect(host.problems == [])
    }

    @Test("a worker that there is not is refused with those that there are")
    func missingWorkers() {
        let numbered = started()
        #expect(numbered.supervisor.refusal(ofWorker: 3) == nil)
        #expect(numbered.supervisor.refusal(ofWorker: 9) == "pgw.1 has no worker 9; it has 1 to 3")
        #expect(started(0).supervisor.refusal(ofWorker: 2) == "pgw.1 has no numbered workers")
    }

    @Test(
        "a reload that leaves workers alone says so, and what to do",
        arguments: [
            (MasterSettings.Reload.nothing, "the type's reload is none"),
            (nil, "the type has neither reload nor listen"),
        ])
    func leftAlone(_ reload: MasterSettings.Reload?, _ reason: String) {
        var host = started(2) {
            $0.reload = reload
            if reload == nil { $0.listen = [] }
        }
        host.feed(.ordered(.reload, ticket: 1))
        host.run(10)
        let text = "not reloaded: \(reason); \"portcullis services restart pgw.1 --workers\" starts what runs anew"
        #expect(host.done == [1: text] && host.supervisor.lastReload?.problem == nil)
        host.feed(.ordered(.restart, ticket: 2))
        host.run(3_000)
        #expect(host.done[2] == "done" && host.supervisor.generation == 4 && host.problems == [])
    }

    @Test("orders that wait are carried out one after the other, and a restart of all answers those that wait")
    func waiting() {
        var host = started()
        host.feed(.ordered(.reload, ticket: 1))
        host.feed(.ordered(.restartWorker(1), ticket: 2))
        host.feed(.ordered(.restartWorker(1), ticket: 3))
        host.feed(.ordered(.restartWorker(2), ticket: 4))
        #expect(host.done == [:])
        host.run(2_000)
        #expect(host.supervisor.generation == 8 && Set(host.done.values) == ["done"] && host.done.count == 4)

        host.feed(.ordered(.restartWorker(3), ticket: 5))
        host.feed(.ordered(.reload, ticket: 6))
        host.feed(.ordered(.restart, ticket: 7))
        host.feed(.ordered(.restartWorker(1), ticket: 8))
        host.run(2_000)
        #expect(host.supervisor.generation == 12 && Set(host.done.values) == ["done"] && host.done.count == 8)
        #expect(host.problems == [])
    }

    @Test("a stop and a failure answer who waits")
    func ends() {
        var host = SimulatedHost(SimulatedHost.settings(workers: 2))
        host.behaviour = { _, start in start <= 2 ? .init() : .init(ready: nil, life: 30) }
        host.begin()
        host.run(200)
        host.feed(.ordered(.restart, ticket: 1))
        host.run(500)
        #expect(host.done[1] == "worker 1: the new process ended with status 3 before it was ready")
        host.feed(.ordered(.restart, ticket: 2))
        host.feed(.ordered(.restartWorker(1), ticket: 3))
        host.feed(.stop)
        host.feed(.ordered(.reload, ticket: 4))
        host.feed(.ordered(.dump(nil), ticket: 5))
        #expect(host.done[2] == "the service was stopped" && host.done[3] == "the service was stopped")
        #expect(host.done[4] == "the service is being stopped" && host.done[5] == "the service is being stopped")
        #expect(host.problems == [])
    }

    @Test("a dumped worker is replaced at once, is no failure, and is kept until the node is done")
    func dump() {
        var host = started(2)
        for ticket in 1...3 {
            host.feed(.ordered(.dump(2), ticket: ticket))
            #expect(host.done[ticket] == "dumped" && host.records.last?.kind == .hung)
            #expect(host.records.last?.isParked == true && host.alive(2).count == 2)
            host.run(100)
            #expect(host.serving == 2)
            host.feed(.dumped(generation: host.records.last!.generation))
            host.run(100)
            #expect(host.alive(2).count == 1)
        }
        #expect(host.supervisor.places.map(\.restarts) == [0, 0] && host.problems == [])
    }

    @Test("a job is begun once, and what a next master finds begun is unknown")
    func book() {
        var now = Moment(milliseconds: 1_000, wall: 1_800_000_000)
        func job(_ id: String, _ patience: Int = 60_000) -> MasterJob {
            MasterJob(id: id, kind: .workers(.reload), patience: patience)
        }
        var book = MasterJobBook()
        #expect(book.follow([job("2"), job("1"), job("3", 0)], at: now).map(\.id) == ["1", "2"])
        #expect(book.follow([job("2"), job("1"), job("3", 0)], at: now) == [])
        book.end("1", problem: nil, output: "text", at: now)
        book.end("1", problem: "twice", at: now)
        #expect(book.entries["1"]?.state == .succeeded && book.entries["3"]?.state == .failed)

        var next = MasterJobBook(book.json, at: now)
        #expect(next.entries["1"]?.output == "text" && next.entries["2"]?.state == .unknown)
        #expect(next.follow([job("1"), job("2"), job("3")], at: now) == [])
        #expect(next.nextDeadline == nil && book.nextDeadline == 61_000)

        now.milliseconds = 61_000
        book.expire(at: now)
        #expect(book.entries["2"]?.problem == "it had not ended at its deadline, and may go on")
        #expect(book.follow([job("1")], at: now) == [] && book.entries.count == 1)
    }

    @Test("a link needs a token's file, a server and a configuration file")
    func settings() throws {
        let words = ["--name", "pgw.1", "--directory", "/d", "--admin-url", "https://a"]
        let more = ["--token-file", "/t", "--server", "app1", "--config", "/c"]
        #expect(throws: UsageError("--token-file is missing, without which --admin-url is of no use")) {
            try MasterSettings(arguments: words + ["--", "/p"])
        }
        #expect(throws: UsageError("--token-file, --ca-file and --server are of no use without --admin-url")) {
            try MasterSettings(arguments: Array(words.prefix(4)) + ["--server", "a", "--", "/p"])
        }
        let settings = try MasterSettings(arguments: words + ["--allow-lua"] + more + ["--", "/p"])
        #expect(settings.allowsLua && settings.server == "app1" && settings.adminURL == "https://a")
    }
}
