/// What lists are made of. `Registry.listChanges` counts the changes of each.
package enum ListedThing: String, Sendable, CaseIterable {
    /// Locations, servers, types, services: each commit changes them.
    case cloud
    /// What gateways say of themselves; their time and age do not count.
    case gateways
    /// The event log.
    case events
}
