import AdminAPI

/// The events that were shown, so that each event is shown exactly once, even if the log goes back in time: a
/// restored registry numbers its events from an earlier one.
struct EventHistory: Equatable {
    /// How many events are remembered, to find where a restored log differs from the one that was shown.
    static let length = 10_000

    private var shown: [EventResource]
    private let first: Int
    /// The last event that a replaced log and the one that was shown have in common; 0 if there is none.
    private(set) var parting = 0

    /// - Parameters:
    ///   - after: events up to this number are ignored.
    ///   - shown: the newest events, oldest first.
    init(after: Int, _ shown: [EventResource]) {
        first = after
        self.shown = shown
    }

    /// The value of `after` for the next request, so that the last event that was shown comes first.
    var start: Int { shown.last.map { max($0.id, 1) - 1 } ?? first }

    /// Adds a page of events after `start`.
    ///
    /// - Returns: the new events; `nil` if the last one that was shown is missing, so that the log is another one.
    mutating func add(_ page: [EventResource]) -> [EventResource]? {
        guard let last = shown.last else {
            shown = page.suffix(Self.length)
            return page
        }
        // Old events may have been deleted from the log; then it begins with a later one.
        guard let first = page.first, first == last || first.id > last.id else { return nil }
        let new = first == last ? page.dropFirst() : page[...]
        shown = (shown + new).suffix(Self.length)
        return Array(new)
    }

    /// Continues with another log.
    ///
    /// - Parameter newest: its newest events, oldest first.
    /// - Returns: those that were not shown yet.
    mutating func replace(by newest: [EventResource]) -> [EventResource] {
        let known = Dictionary(shown.map { ($0.id, $0) }) { $1 }
        let common = newest.lastIndex { known[$0.id] == $0 }
        parting = common.map { newest[$0].id } ?? 0
        let new = common.map { newest[($0 + 1)...] } ?? newest.drop { $0.id <= first }
        shown = Array(newest.suffix(Self.length))
        return Array(new)
    }
}
