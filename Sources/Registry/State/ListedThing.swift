/// What lists are made of. `Registry.listChanges` counts the changes of each.
package enum ListedThing: String, Sendable, CaseIterable {
    /// Locations, servers, types, services: each commit changes them.
    case cloud
    /// What gateways say of themselves; their time and age do not count.
    case gateways
    /// What nodes say of their servers, and jobs; time and age do not count.
    case nodes
    /// What the masters of services tell.
    case links
    /// The event log.
    case events
    /// The versions of services that are kept.
    case versions
    /// Rollouts, and what their instances wait for.
    case rollouts
    /// Notices, and what has become of them.
    case notices
    /// Crashes of services.
    case crashes
}

extension TagWaiters {
    /// The number of changes of a thing so far.
    package func count(of thing: ListedThing) -> String { tag(of: thing.rawValue) }

    /// Counts a change of things, and wakes whoever waits for them.
    package func noteChange(of things: ListedThing...) {
        for thing in things { advance(thing.rawValue) }
    }
}
