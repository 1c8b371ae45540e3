/// Which of ADMIN's addresses is asked, and which after it when that one does not answer.
///
/// The one that answered last is asked first, so that its connections are used again. One that failed rests, for longer
/// with each failure. Where all the others are out of reach, or resting too, one that rests is asked all the same: a
/// request is always tried somewhere.
struct AddressOrder: Sendable {
    /// How long an address rests after its first failure.
    static let shortestRest = Duration.seconds(1)
    /// How long it rests at most.
    static let longestRest = Duration.seconds(60)

    private struct Standing {
        var failures = 0
        var restsUntil: Duration?
    }

    private var standings: [Standing]
    private var last: Int?

    /// - Parameter count: of the addresses, which are known by their index.
    init(count: Int) { standings = Array(repeating: Standing(), count: count) }

    /// The addresses for one request, in the order in which they are to be tried.
    /// - Parameter now: of a clock that only goes forward.
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

    /// - Parameter jitter: 0 to 1: how much of the half of the rest that is left to chance.
    mutating func failed(_ index: Int, at now: Duration, jitter: Double) {
        standings[index].failures += 1
        let doublings = min(standings[index].failures - 1, 6)
        let rest = min(Self.shortestRest * (1 << doublings), Self.longestRest)
        standings[index].restsUntil = now + rest / 2 + rest / 2 * min(max(jitter, 0), 1)
    }
}
