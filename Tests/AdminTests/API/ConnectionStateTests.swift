import Testing

@testable import Admin

@Suite("States of a connection") struct ConnectionStateTests {
    private static let limits = ConnectionLimits(
        firstHead: .seconds(10), idle: .seconds(75), transfer: .seconds(20), slowest: 1000, linger: .seconds(2))

    @Test("each state but ADMIN's own work has its end")
    func deadlines() {
        var state = ConnectionState(Self.limits, at: .seconds(100))
        #expect(state.phase == .idle && state.deadline == .seconds(110))
        state.head(isLast: false, at: .seconds(105))
        #expect(state.phase == .receiving && state.deadline == .seconds(125))
        state.bodyBytes(999)
        #expect(state.deadline == .seconds(125))
        state.bodyBytes(4001)
        #expect(state.deadline == .seconds(130))
        state.requestEnd()
        #expect(state.phase == .answering && state.deadline == nil && state.isBusy)
        let saysLast = state.answerHead(isLast: false)
        state.answerBytes(7000, at: .seconds(199))
        let isLast = state.answerEnd(at: .seconds(200))
        #expect(!saysLast && !isLast)
        #expect(state.phase == .sending && state.deadline == .seconds(227) && !state.isOver)
        state.sent(at: .seconds(201))
        #expect(state.phase == .idle && state.deadline == .seconds(276))
    }

    @Test("a part of an answer has its time until the client has taken it")
    func parts() {
        var state = ConnectionState(Self.limits, at: .zero)
        state.head(isLast: false, at: .zero)
        state.requestEnd()
        _ = state.answerHead(isLast: false)
        state.answerBytes(5000, at: .seconds(100))
        #expect(state.deadline == .seconds(125))
        state.answerBytes(5000, at: .seconds(101))
        #expect(state.deadline == .seconds(131))
        state.answerBytesTaken(5000, at: .seconds(110))
        #expect(state.deadline == .seconds(135))
        state.answerBytesTaken(5000, at: .seconds(111))
        #expect(state.deadline == nil)
        _ = state.answerEnd(at: .seconds(300))
        #expect(state.phase == .sending && state.deadline == .seconds(320))
    }

    @Test("an answer before the end of its request is the last, and so is one that says so")
    func last() {
        var early = ConnectionState(Self.limits, at: .zero)
        early.head(isLast: false, at: .zero)
        let early1 = (early.answerHead(isLast: false), early.answerEnd(at: .seconds(1)))
        #expect(early1 == (true, true) && early.isOver)
        early.sent(at: .seconds(1))
        #expect(early.phase == .lingering && early.deadline == .seconds(3))
        early.head(isLast: false, at: .seconds(2))
        #expect(early.phase == .lingering)

        var asked = ConnectionState(Self.limits, at: .zero)
        asked.head(isLast: true, at: .zero)
        asked.requestEnd()
        let asked1 = (asked.answerHead(isLast: false), asked.answerEnd(at: .zero))
        #expect(asked1 == (true, true))

        var late = ConnectionState(Self.limits, at: .zero)
        late.head(isLast: false, at: .zero)
        late.requestEnd()
        let late1 = (late.answerHead(isLast: false), late.answerEnd(at: .zero))
        #expect(late1 == (false, false))
        late.head(isLast: false, at: .seconds(1))
        late.sent(at: .seconds(2))
        #expect(late.phase == .receiving && late.deadline == .seconds(21))
    }

    @Test("what happens often is told of at once, and then every ten seconds with its number")
    func repeated() {
        var event = RepeatedEvent()
        let start = ContinuousClock.now
        let told = [0, 1, 9, 10, 11].map { event.note(at: start + .seconds($0)) }
        #expect(told == [1, nil, nil, 3, nil])
    }

    @Test(
        "what names the loopback is told from what does not",
        arguments: [
            ("localhost", true), ("LocalHost:8080", true), ("localhost.:1", true), ("127.0.0.1", true),
            ("127.9.9.9:65535", true), ("[::1]", true), ("[::1]:80", true), ("", false), ("evil.example", false),
            ("localhost.evil.example", false), ("127.0.0.1.evil.example", false), ("10.0.0.1", false), ("::1", false),
            ("[::1", false), ("[::1]x", false), ("[127.0.0.1]", false), ("localhost:x", false),
            ("localhost:123456", false),
            ("evil.example:80@localhost", false), ("[::2]", false), ("localhos\u{0301}t", false),
        ])
    func loopback(text: String, isLoopback: Bool) {
        #expect(HostField.isLoopback(text) == isLoopback)
    }
}
