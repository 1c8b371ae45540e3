/// How long a worker's place stays empty after a failure: not at all after the first, then 1 s, doubled up to 60 s, with a
/// quarter more at random, so that workers that failed together do not start together.
package struct BackOff: Sendable, Equatable {
    /// The longest pause, in milliseconds.
    package static let longest = 60_000
    /// How long a worker must have been ready for its failures to be forgotten.
    package static let forgottenAfter = 600_000

    /// Failures in a row.
    package private(set) var failures: Int

    package init(failures: Int = 0) { self.failures = failures }

    /// Counts a failure. Returns the pause before the next start, in milliseconds.
    ///
    /// - Parameter readyFor: how long the worker was ready before.
    package mutating func fail(readyFor: Int, random: inout SplitMix) -> Int {
        if readyFor >= Self.forgottenAfter { failures = 0 }
        failures += 1
        guard failures > 1 else { return 0 }
        let pause = min(Self.longest, 1_000 << min(failures - 2, 16))
        return min(Self.longest, pause + random.next(below: pause / 4 + 1))
    }
}

/// SplitMix64: the random numbers of one master, the same ones for the same seed.
package struct SplitMix: Sendable, Equatable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// A number from 0 to `limit` - 1.
    package mutating func next(below limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(limit))
    }
}
