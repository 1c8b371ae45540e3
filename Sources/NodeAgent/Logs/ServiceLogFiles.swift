/// Where the log of a service is.
struct ServiceLogFiles: Sendable, Hashable {
    /// The file that is written; older ones are `.1`, `.2` and so on.
    let path: String
    /// Whether a master writes it and renames full files. Otherwise the service writes by itself, as an earlier node has
    /// started it, and the agent copies a full file.
    let isMasters: Bool
}
