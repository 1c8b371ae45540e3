/// The registry at one generation: a value that readers share.
struct RegistryState: Sendable {
    /// Rises with every change that is stored.
    var generation: Int
    var cloud: Cloud
    /// The current revision of each type.
    var revisions: [String: TypeRevision]
    var exports: ExportSet
    var configurations: ConfigurationSet
}

/// A revision of a type's meta-configuration: who wrote it, when.
struct TypeRevision: Sendable, Hashable {
    var number: Int
    var changedBy: String
    /// RFC 3339 in UTC.
    var changedAt: String
}
