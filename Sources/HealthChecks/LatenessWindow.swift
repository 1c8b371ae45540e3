/// How late probes have begun in the last ten seconds.
///
/// Counts in buckets whose width is an eighth of what they hold at most, so that a percentile is at most that much too
/// high; the maximum is exact. Cost of a record: constant; of a summary: the number of buckets.
public struct LatenessWindow: Sendable {
    /// Seconds that count.
    private static let seconds = 10
    /// Eight for each power of two of microseconds.
    private static let buckets = 8 * 62

    private var counts = [[UInt32]](repeating: [UInt32](repeating: 0, count: buckets), count: seconds)
    private var maxima = [Int](repeating: 0, count: seconds)
    private var current = 0

    public init() {}

    /// Records the lateness of a probe, in microseconds.
    public mutating func record(_ lateness: Int) {
        let lateness = max(0, lateness)
        counts[current][Self.bucket(lateness)] += 1
        if lateness > maxima[current] { maxima[current] = lateness }
    }

    /// A second has passed: what is ten seconds old counts no more.
    public mutating func advance() {
        current = (current + 1) % Self.seconds
        for bucket in 0..<Self.buckets { counts[current][bucket] = 0 }
        maxima[current] = 0
    }

    public var summary: ProberMessage.ProberState.Lateness {
        let maximum = maxima.max() ?? 0
        let total = counts.reduce(0) { $0 + $1.reduce(0) { $0 + Int($1) } }
        func percentile(_ percent: Int) -> Int {
            guard total > 0 else { return 0 }
            var left = (total * percent + 99) / 100
            for bucket in 0..<Self.buckets {
                left -= counts.reduce(0) { $0 + Int($1[bucket]) }
                if left <= 0 { return min(maximum, Self.highest(of: bucket)) }
            }
            return maximum
        }
        return ProberMessage.ProberState.Lateness(
            median: percentile(50), percentile99: percentile(99), maximum: maximum)
    }

    /// The bucket of a number: itself below 8, else by its highest bit and the three bits after it.
    private static func bucket(_ number: Int) -> Int {
        guard number >= 8 else { return number }
        let bits = Int.bitWidth - 1 - number.leadingZeroBitCount
        return (bits - 2) * 8 + (number >> (bits - 3)) & 7
    }

    private static func highest(of bucket: Int) -> Int {
        guard bucket >= 8 else { return bucket }
        let shift = bucket / 8 - 1
        return ((bucket % 8 + 8) << shift) + ((1 << shift) - 1)
    }
}
