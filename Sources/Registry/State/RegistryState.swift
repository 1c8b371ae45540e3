package import Cloud

/// The registry at one generation: a value that readers share.
package struct RegistryState: Sendable {
    /// Rises with every change that is stored.
    package var generation: Int
    package var cloud: Cloud
    /// The current revision of each type.
    package var revisions: [String: TypeRevision]
    package var exports: ExportSet
    package var configurations: ConfigurationSet
}

/// A revision of a type's meta-configuration: who wrote it, when.
package struct TypeRevision: Sendable, Hashable {
    package var number: Int
    package var changedBy: String
    /// RFC 3339 in UTC.
    package var changedAt: String
}
