package import Cloud

/// The registry at one commit, as a value that readers share.
package struct RegistryState: Sendable {
    package var commit: CommitID
    package var cloud: Cloud
    /// The current revision of each type.
    package var revisions: [String: TypeRevision]
    /// The last revisions of deleted types: if a type is created again, the numbers go on.
    package var formerRevisions: [String: Int]
    package var exports: ExportSet
    package var configurations: ConfigurationSet
    package var stateEnds: StateEnds
    package var assignments: AssignmentSet
    package var orders: OrderSet

    /// Builds every export and compares every configuration. Cost: walks over the whole cloud.
    package init(_ stored: StoredCloud) {
        commit = stored.commit
        cloud = stored.cloud
        revisions = stored.revisions
        formerRevisions = stored.formerRevisions
        exports = ExportSet(of: stored.cloud, generation: stored.commit.generation)
        configurations = ConfigurationSet(of: stored.cloud)
        stateEnds = StateEnds(of: stored.cloud)
        assignments = AssignmentSet(of: stored.cloud)
        orders = OrderSet(of: stored.cloud, generation: stored.commit.generation)
    }

    /// Increases with every stored change.
    package var generation: Int { commit.generation }
}
