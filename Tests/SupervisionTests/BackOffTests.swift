import Supervision
import Testing

@Suite("The pause after failures") struct BackOffTests {
    @Test("the first failure has none, later ones 1 s doubled to 60 s with a quarter at random")
    func bounds() {
        for seed in UInt64(0)..<200 {
            var random = SplitMix(seed: seed)
            var backOff = BackOff()
            #expect(backOff.fail(readyFor: 0, random: &random) == 0)
            for step in 0..<20 {
                let pause = backOff.fail(readyFor: 599_999, random: &random)
                let least = min(60_000, 1_000 << step)
                #expect((least...min(60_000, least + least / 4)).contains(pause), "failure \(step + 2): \(pause) ms")
            }
        }
    }

    @Test("10 minutes of readiness make a failure the first one")
    func forgotten() {
        var random = SplitMix(seed: 1)
        var backOff = BackOff(failures: 9)
        #expect(backOff.fail(readyFor: 600_000, random: &random) == 0)
        #expect(backOff.failures == 1)
    }
}
