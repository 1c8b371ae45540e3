extension CloudDifference {
    /// Moves that begin, that go on, and that end. Ended ones that are forgotten are not counted as changes.
    static func moves(_ before: [String: RecordedMove], _ after: [String: RecordedMove]) -> [Change] {
        after.values.filter { before[$0.service] != $0 }.sorted { $0.service < $1.service }.map { move in
            let old = before[move.service].flatMap { $0.isOpen ? $0 : nil }
            return Change(
                action: old == nil ? .create : .update, kind: .move, name: move.service,
                before: old.map { "\($0)" }, after: "\(move)")
        }
    }

    /// Actions whose interval begins to count, or is counted anew. What was run is told by its job; what is forgotten
    /// follows from the types and services.
    static func actionRuns(_ before: Cloud, _ after: Cloud) -> [Change] {
        after.actionRuns.sorted { $0.key < $1.key }.compactMap { run, time in
            let old = before.actionRuns[run]
            guard old.map({ time < $0 }) ?? true, let service = after.services[run.service] else { return nil }
            let words =
                old == nil ? "is run at intervals from now on" : "is run at intervals again: the clock was set back"
            return Change(
                action: .update, kind: .service, name: service.name, before: nil, after: "action \(run.action) \(words)"
            )
        }
    }
}
