import Supervision
import Testing

@Suite("Lua console of a master") struct LuaConsoleTests {
    private let now = Moment(milliseconds: 1_000, wall: 1_800_000_000)

    private func lua(_ source: String, session: String? = nil, seconds: Int = 5) -> LuaSource {
        LuaSource(worker: nil, source: source, session: session, seconds: seconds)
    }

    @Test("a source without a session has one of its own, which is closed")
    func single() {
        var console = LuaConsole(process: 7)
        #expect(
            console.begin("a", lua("return 1"), in: 3, at: now)
                == [.send(generation: 3, "LUA-OPEN m7-1 900 5000 4194304")])
        #expect(console.take("LUA-OPENED m7-1", from: 4) == [])
        #expect(console.take("LUA-OPENED m7-1", from: 3) == [.send(generation: 3, "LUA-EVAL m7-1 return 1")])
        #expect(console.take("LUA-OUT m7-1 a b\n", from: 3) == [])
        #expect(
            console.take("LUA-RESULT m7-1 ok 1\t2", from: 3) == [
                .end(job: "a", problem: nil, output: "a b\n1\t2\n"), .send(generation: 3, "LUA-CLOSE m7-1"),
            ])
        #expect(console.take("LUA-END m7-1 closed", from: 3) == [] && console.take("CONFIG-TAKEN", from: 3) == nil)
        #expect(console.nextDeadline == nil)
    }

    @Test("sources of a session share a state, one after the other")
    func session() {
        var console = LuaConsole(process: 7)
        _ = console.begin("a", lua("x = 1", session: "s"), in: 3, at: now)
        _ = console.take("LUA-OPENED m7-1", from: 3)
        #expect(
            console.begin("b", lua("x", session: "s"), in: 3, at: now)
                == [.end(job: "b", problem: "another source of the session is still run", output: "")])
        #expect(console.take("LUA-RESULT m7-1 ok ", from: 3) == [.end(job: "a", problem: nil, output: "")])
        #expect(console.generation(ofSession: "s") == 3 && console.generation(ofSession: nil) == nil)
        #expect(
            console.begin("c", lua("x", session: "s"), in: 3, at: now)
                == [.send(generation: 3, "LUA-EVAL m7-1 x")])
        #expect(
            console.take("LUA-RESULT m7-1 error no x", from: 3) == [.end(job: "c", problem: "no x", output: "")])
        #expect(console.take("LUA-END m7-1 time", from: 3) == [])
        #expect(console.generation(ofSession: "s") == nil)
    }

    @Test("of an error with a traceback the first line is the problem, and all lines are output")
    func traceback() {
        var console = LuaConsole(process: 7)
        _ = console.begin("a", lua("print(1) bad()"), in: 3, at: now)
        _ = console.take("LUA-OUT m7-1 1\n", from: 3)
        #expect(
            console.take("LUA-RESULT m7-1 error ADMIN:1: no bad\nstack traceback:\n\t[C]: in ?", from: 3)?.first
                == .end(
                    job: "a", problem: "ADMIN:1: no bad",
                    output: "1\nADMIN:1: no bad\nstack traceback:\n\t[C]: in ?\n"))
    }

    @Test("a worker that ends, is silent or is tainted ends the job")
    func failures() {
        var console = LuaConsole(process: 7)
        _ = console.begin("a", lua("a"), in: 3, at: now)
        #expect(console.lose(4) == [])
        #expect(console.lose(3) == [.end(job: "a", problem: "the worker has ended", output: "")])

        _ = console.begin("b", lua("b", seconds: 60), in: 3, at: now)
        #expect(console.nextDeadline == 26_000 && console.expire(at: now) == [])
        let late = console.expire(at: Moment(milliseconds: 26_000, wall: now.wall))
        #expect(late.count == 2 && late.last == .send(generation: 3, "LUA-CLOSE m7-2"))

        _ = console.begin("c", lua("c"), in: 3, at: now)
        let tainted = console.take("LUA-TAINTED m7-3 it loops", from: 3)
        #expect(tainted?.last == .replace(generation: 3) && tainted?.count == 2)

        let long = String(repeating: "x", count: LuaConsole.longestSource + 1)
        #expect(
            console.begin("d", lua(long), in: 3, at: now)
                == [.end(job: "d", problem: "the source has more than 60000 bytes", output: "")])
    }

    @Test("the end of a long output is kept, in whole characters")
    func output() {
        var console = LuaConsole(process: 7)
        _ = console.begin("a", lua("a"), in: 3, at: now)
        for _ in 0..<3 { _ = console.take("LUA-OUT m7-1 " + String(repeating: "é", count: 20_000) + "x", from: 3) }
        guard case .end(_, _, let output)? = console.take("LUA-RESULT m7-1 ok ", from: 3)?.first else {
            Issue.record("no end")
            return
        }
        #expect(output.utf8.count <= 65_536 && output.utf8.count > 65_530 && output.hasSuffix("éx"))
    }
}
