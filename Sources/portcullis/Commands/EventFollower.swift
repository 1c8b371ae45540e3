import AdminAPI
import AdminClient
import CommandLineSupport

/// Follows the event log by held requests.
struct EventFollower {
    /// Answers that cannot all be true: without an end, they would be asked for again and again.
    static let contradiction = CommandError(
        "the answers of ADMIN contradict each other: its events do not stay in the order of their numbers",
        hint: "Do several ADMINs with registries of their own answer at this address?")

    private let filter: EventQuery
    private var history: EventHistory
    private var reading: HeldReading?
    /// Replaced logs without one that goes on.
    private var replacements = 0

    /// - Parameter shown: the newest events, oldest first.
    init(_ filter: EventQuery, after id: Int, shown: [EventResource]) {
        self.filter = filter
        history = EventHistory(after: id, shown)
    }

    /// Every event that was not shown yet; none when ADMIN has held its answer for its longest time, or is away.
    mutating func next(_ client: AdminResources) async throws -> [EventResource] {
        // The last event that was shown is requested again, to notice if it no longer exists.
        let start = history.start
        let request = filter.request(after: start, limit: Limits.page)
        var reading =
            self.reading.flatMap { $0.request.target == request.target ? $0 : nil }
            ?? HeldReading(request: request, hasAnswered: true)
        let page: EventPage? = try await reading.next(client)
        self.reading = reading
        guard let page else { return [] }
        let ids = page.events.map(\.id)
        guard ids.allSatisfy({ $0 > start }), zip(ids, ids.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw Self.contradiction
        }
        if let more = history.add(page.events) {
            replacements = 0
            return more
        }
        replacements += 1
        guard replacements < 3 else { throw Self.contradiction }
        let newest = try await client.events(filter, after: 0, before: Int(Int32.max), limit: Limits.page)
        let more = history.replace(by: newest)
        StandardError.write(
            "Note: the registry is another than before, as after a restore; its events go on after "
                + "\(history.parting).")
        return more
    }
}
