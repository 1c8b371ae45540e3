import CrashDumps
import Testing

struct DumpQuotaTests {
    @Test func `three dumps of one kind are made within an hour`() {
        var quota = DumpQuota()
        var taken: [Bool] = []
        for minute in 0..<10 { taken.append(quota.takes("tg 11 parse", at: minute * 60_000)) }
        #expect(taken == [true, true, true] + Array(repeating: false, count: 7))
        let other = quota.takes("tg 6 parse", at: 600_000)
        let early = quota.takes("tg 11 parse", at: DumpQuota.window - 1)
        let late = quota.takes("tg 11 parse", at: DumpQuota.window)
        #expect((other, early, late) == (true, false, true))
    }

    @Test func `10,000 crashes within a day stay within the quota`() {
        var quota = DumpQuota()
        var made: [Int] = []
        for crash in 0..<10_000 {
            let now = crash * 8_640
            if quota.takes("kind \(crash % 40)", at: now) { made.append(now) }
        }
        for start in made {
            #expect(made.count { $0 >= start && $0 < start + DumpQuota.window } <= DumpQuota.mostOfAll)
        }
        #expect(made.count > 24 * DumpQuota.most)
    }
}
