package import AdminAPI
import Cloud
import NetworkTypes

/// The registry's history.
extension Registry {
    /// Every revision of a type, the newest first.
    package func revisions(of type: String) async throws -> [TypeRevision] { try await store.revisions(of: type) }

    /// One revision of a type.
    package func revision(_ number: Int, of type: String) async throws -> (TypeRevision, source: String)? {
        try await store.revision(number, of: type).map { ($0.revision, $0.source) }
    }

    /// The events that a filter lets through with ids above `after` and, if `before` is given, below it, oldest first.
    ///
    /// - Returns: at most `limit`: the oldest ones, or with `before` the newest; and whether there are more.
    package func events(
        _ filter: EventFilter = EventFilter(), after: Int, before: Int? = nil, limit: Int
    ) async throws -> (page: EventPage, hasMore: Bool) {
        let found = try await store.events(filter, after: after, before: before, limit: limit + 1)
        let events = before == nil ? found.prefix(limit) : found.suffix(limit)
        return (EventPage(events: events.map(EventResource.init)), found.count > limit)
    }

    /// Every firewall mark that a section holds, including deleted sections, ascending.
    package func marks() async throws -> [MarkResource] {
        let cloud = try await state().cloud
        let times = try await store.markTimes()
        let present = cloud.markedSections
        return cloud.marks.map { id, mark in
            MarkResource(
                mark: Int(mark), type: id.section.type, section: id.section.section,
                transport: id.transport?.description, since: times[id], inUse: present.contains(id))
        }.sorted { $0.mark < $1.mark }
    }
}

extension EventResource {
    fileprivate init(_ event: StoredEvent) {
        self.init(
            id: event.id, time: event.entry.time, actor: event.entry.actor, action: event.entry.action,
            kind: event.entry.kind, name: event.entry.name, before: event.entry.before, after: event.entry.after)
    }
}
