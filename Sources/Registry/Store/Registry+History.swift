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

    /// The oldest events with ids above `after`, oldest first.
    package func events(after: Int, limit: Int) async throws -> EventPage {
        let found = try await store.events(after: after, before: nil, limit: limit + 1)
        let events = found.prefix(limit).map(EventResource.init)
        return EventPage(events: events, next: found.count > limit ? events.last?.id : nil)
    }

    /// The newest events with ids above `after` and below `before`, oldest first. The page has no link to the next:
    /// to get older events, pass the id of its first as `before`.
    package func events(after: Int, before: Int, limit: Int) async throws -> EventPage {
        EventPage(
            events: try await store.events(after: after, before: before, limit: limit).map(EventResource.init),
            next: nil)
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
