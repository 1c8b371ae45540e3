/// What a gateway may send to a service, or to the services of a server; the words are HAProxy's.
public enum ServiceState: String, Sendable, Hashable, Codable, CaseIterable {
    /// New connections come.
    case ready
    /// Established connections go on, no new ones come (weight 0).
    case drain
    /// Taken out: it is in no export.
    case maint
}
