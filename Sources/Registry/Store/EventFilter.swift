package import AdminAPI
import Text

/// Which events are wanted. What is `nil` lets every event through.
package struct EventFilter: Sendable, Hashable {
    package var kind: ResourceKind?
    /// The name of the object, as the event has it.
    package var name: String?
    package var actor: String?
    /// The earliest time, in the form of `Timestamp.text`.
    package var since: String?
    /// The time before which events are wanted, in the same form.
    package var until: String?

    package init(
        kind: ResourceKind? = nil, name: String? = nil, actor: String? = nil, since: String? = nil,
        until: String? = nil
    ) {
        self.kind = kind
        self.name = name
        self.actor = actor
        self.since = since
        self.until = until
    }

    /// Whether the filter lets an event through. Times in one form sort as their texts.
    package func matches(_ event: EventEntry) -> Bool {
        kind.map { $0 == event.kind } ?? true && name.map { $0.isExactly(event.name) } ?? true
            && actor.map { $0.isExactly(event.actor) } ?? true && since.map { $0 <= event.time } ?? true
            && until.map { event.time < $0 } ?? true
    }
}
