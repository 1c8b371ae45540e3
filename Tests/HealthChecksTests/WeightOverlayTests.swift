import TestSupport
import Testing

@testable import HealthChecks

@Suite("Verdicts over weights") struct WeightOverlayTests {
    typealias Member = WeightOverlay.Member

    private func outcome(_ overlay: WeightOverlay, _ member: Member, at instant: Int) -> WeightOverlay.Outcome {
        overlay.outcomes(of: [member], at: instant).outcomes[0]
    }

    @Test("down is weight 0 at once, and out after a time")
    func down() {
        let overlay = WeightOverlay(dropAfter: 10_000)
        let member = Member(weight: 100, verdict: .down, since: 1_000)
        #expect(overlay.outcomes(of: [member], at: 1_000).outcomes == [.weight(0)])
        #expect(overlay.outcomes(of: [member], at: 10_999).next == 11_000)
        #expect(overlay.outcomes(of: [member], at: 11_000).outcomes == [.out])
        #expect(overlay.outcomes(of: [member], at: 11_000).next == nil)
        #expect(outcome(WeightOverlay(dropAfter: nil), member, at: 1 << 40) == .weight(0))
        #expect(outcome(WeightOverlay(dropAfter: 0), member, at: 1_000) == .out)
    }

    @Test("a drain is ADMIN's word, whatever the verdict; without a verdict the weight stands")
    func drain() {
        let overlay = WeightOverlay(slowStart: 1_000)
        for verdict in [nil, .up, .down] as [TargetHealth.Verdict?] {
            #expect(outcome(overlay, Member(weight: 0, verdict: verdict), at: 1 << 40) == .weight(0))
        }
        #expect(outcome(overlay, Member(weight: 7), at: 0) == .weight(7))
    }

    @Test("a weight climbs in steps, from more than 0 to all of it")
    func slowStart() {
        let overlay = WeightOverlay(slowStart: 30_000)
        let member = Member(weight: 100, verdict: .up, since: 0, hasReturned: true)
        let seen = stride(from: 0, through: 30_000, by: 3_000).map { outcome(overlay, member, at: $0) }
        #expect(seen == (0..<10).map { .weight($0 * 10 + 5) } + [.weight(100)])
        #expect(outcome(overlay, Member(weight: 1, verdict: .up, since: 0, hasReturned: true), at: 0) == .weight(1))
        #expect(outcome(overlay, Member(weight: 100, verdict: .up, since: 0), at: 0) == .weight(100))
        #expect(outcome(overlay, member, at: -5) == .weight(5))
    }

    @Test("at each announced instant an outcome changes, and none before it", arguments: [7, 100, 999, 30_000])
    func next(_ slowStart: Int) {
        let overlay = WeightOverlay(slowStart: slowStart)
        let member = Member(weight: 65_535, verdict: .up, since: 13, hasReturned: true)
        var instant = 13
        while let next = overlay.outcomes(of: [member], at: instant).next {
            #expect(next > instant)
            #expect(outcome(overlay, member, at: next - 1) == outcome(overlay, member, at: instant))
            #expect(outcome(overlay, member, at: next) != outcome(overlay, member, at: instant))
            instant = next
        }
        #expect(instant == 13 + slowStart)
    }

    @Test("the minimum keeps those that went down last, a drain does not count")
    func minimum() {
        let overlay = WeightOverlay(minimum: 2)
        let members = [
            Member(weight: 10, verdict: .down, since: 100), Member(weight: 20, verdict: .down, since: 300),
            Member(weight: 30, verdict: .down, since: 200), Member(weight: 0, verdict: .up),
            Member(weight: 40, verdict: .up),
        ]
        #expect(
            overlay.outcomes(of: members, at: 1 << 40).outcomes
                == [.out, .weight(20), .out, .weight(0), .weight(40)])
        #expect(
            WeightOverlay(minimum: 9).outcomes(of: members, at: 1 << 40).outcomes
                == [.weight(10), .weight(20), .weight(30), .weight(0), .weight(40)])
    }

    @Test("in random services no weight exceeds the export's, and as many serve as the minimum asks for")
    func random() {
        var random = SeededGenerator(seed: 17)
        for _ in 0..<3_000 {
            let overlay = WeightOverlay(
                slowStart: [0, 1, 500].randomElement(using: &random) ?? 0,
                minimum: Int.random(in: 0...4, using: &random),
                dropAfter: [nil, 0, 300].randomElement(using: &random) ?? nil)
            let members = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                Member(
                    weight: Int.random(in: 0...3, using: &random),
                    verdict: [nil, .up, .down].randomElement(using: &random) ?? nil,
                    since: Int.random(in: 0...900, using: &random), hasReturned: Bool.random(using: &random))
            }
            let outcomes = overlay.outcomes(of: members, at: Int.random(in: 0...1_000, using: &random)).outcomes
            #expect(outcomes.count == members.count)
            let admitted = members.count { $0.weight > 0 }
            #expect(outcomes.count(where: \.isServing) >= min(overlay.minimum, admitted))
            for (member, outcome) in zip(members, outcomes) {
                if case .weight(let weight) = outcome { #expect((0...member.weight).contains(weight)) }
                if member.weight > 0, member.verdict != .down { #expect(outcome.isServing) }
                if outcome == .out { #expect(member.verdict == .down && member.weight > 0) }
            }
        }
    }
}
