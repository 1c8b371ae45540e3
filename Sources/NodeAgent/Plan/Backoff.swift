/// How long the next start waits after failures.
package enum Backoff {
    /// Milliseconds after the first failure.
    package static let shortest = 1_000
    package static let longest = 60_000
    /// Who was ready for so many milliseconds has no failures.
    package static let forgotten = 600_000

    /// Milliseconds to wait after so many failures in a row.
    ///
    /// - Parameter seed: what differs between services, so that those that fail for one reason do not return at one
    ///   moment. The same seed gives the same time: a restart of the agent changes nothing.
    package static func pause(after failures: Int, seed: String) -> Int {
        guard failures > 0 else { return 0 }
        let full = min(longest, shortest << min(failures - 1, 10))
        let hash = seed.utf8.reduce(into: UInt32(2_166_136_261)) { hash, byte in
            hash = (hash ^ UInt32(byte)) &* 16_777_619
        }
        // Up to a quarter less.
        return full - Int(hash % UInt32(full / 4 + 1))
    }
}
