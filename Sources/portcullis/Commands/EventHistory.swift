import AdminAPI

/// What was shown of the event log, so that nothing of it is shown twice and nothing is missed, also where the log goes
/// back in time: a registry that was restored counts its events on from an earlier one.
struct EventHistory: Equatable {
    /// Events that are remembered, to find the place where a restored log parts from the one that was shown.
    static let length = 10_000

    private var shown: [EventResource]
    private let first: Int
    /// The last event that a replaced log and the one that was shown have in common; 0: none.
    private(set) var parting = 0

    /// - Parameters:
    ///   - after: events up to this one are nobody's concern.
    ///   - shown: the newest ones, oldest first.
    init(after: Int, _ shown: [EventResource]) {
        first = after
        self.shown = shown
    }

    /// What to ask for: events after this one, so that the last one shown comes first.
    var start: Int { shown.last.map { $0.id - 1 } ?? first }

    /// Takes a page of events after `start`.
    ///
    /// - Returns: the new ones; `nil` when the last one shown is not there: the log is another.
    mutating func add(_ page: [EventResource]) -> [EventResource]? {
        guard let last = shown.last else {
            shown = page.suffix(Self.length)
            return page
        }
        // Old events may have been taken out of the log; then the first that is there is a later one.
        guard let first = page.first, first == last || first.id > last.id else { return nil }
        let new = first == last ? page.dropFirst() : page[...]
        shown = (shown + new).suffix(Self.length)
        return Array(new)
    }

    /// Goes on with another log.
    ///
    /// - Parameter newest: its newest events, oldest first.
    /// - Returns: those of it that were not shown.
    mutating func replace(by newest: [EventResource]) -> [EventResource] {
        let known = Dictionary(shown.map { ($0.id, $0) }) { $1 }
        let common = newest.lastIndex { known[$0.id] == $0 }
        parting = common.map { newest[$0].id } ?? 0
        let new = common.map { newest[($0 + 1)...] } ?? newest.drop { $0.id <= first }
        shown = Array(newest.suffix(Self.length))
        return Array(new)
    }
}
