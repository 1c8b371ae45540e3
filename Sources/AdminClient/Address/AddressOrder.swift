/// The order in which ADMIN's addresses are tried.
///
/// The address that last answered comes first, so that its connections are reused. After a failure, an address rests,
/// longer with each further failure. If all others are unreachable or resting too, a resting address is tried all the
/// same: a request is always tried somewhere.
struct AddressOrder: Sendable {
    /// How long an address rests after its first failure.
    static let shortestRest = Duration.seconds(1)
    /// The longest time for which an address rests.
    static let longestRest = Duration.seconds(60)

    private struct Standing {
        var failures = 0
        var restsUntil: Duration?
    }

    private var standings: [Standing]
    private var last: Int?

    /// - Parameter count: the number of addresses, which are identified by their index.
    init(count: Int) { standings = Array(repeating: Standing(), count: count) }

    /// The addresses for one request, in the order in which to try them.
    /// - Parameter now: the time of a clock that only goes forward.
    func candidates(at now: Duration) -> [Int] {
        guard standings.count > 1 else { return [0] }
        let isResting = { (index: Int) in standings[index].restsUntil.map { $0 > now } ?? false }
        var candidates = standings.indices.filter { !isResting($0) }
        if let last, let place = candidates.firstIndex(of: last) {
            candidates.remove(at: place)
            candidates.insert(last, at: 0)
        }
        let resting = standings.indices.filter(isResting)
        if let next = resting.min(by: { end(of: $0) < end(of: $1) }) { candidates.append(next) }
        return candidates
    }

    private func end(of index: Int) -> Duration { standings[index].restsUntil ?? .zero }

    mutating func succeeded(_ index: Int) {
        standings[index] = Standing()
        last = index
    }

    /// - Parameter jitter: a random number from 0 to 1, for the random half of the rest.
    mutating func failed(_ index: Int, at now: Duration, jitter: Double) {
        standings[index].failures += 1
        let doublings = min(standings[index].failures - 1, 6)
        let rest = min(Self.shortestRest * (1 << doublings), Self.longestRest)
        standings[index].restsUntil = now + rest / 2 + rest / 2 * min(max(jitter, 0), 1)
    }
}
