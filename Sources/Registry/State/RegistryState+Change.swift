package import Cloud
import ServicesExport

/// The effects of a change of the cloud, for its author.
package struct ChangeSummary: Sendable {
    package var difference: CloudDifference
    /// Locations whose export differs, by name.
    package var exports: [(location: String, difference: ExportDifference)] = []
    /// How the configurations differ of services that exist both before and afterwards.
    package var configurations: [ServiceConfigurationChange] = []
    /// Consequences that are allowed but worth knowing, each with its place.
    package var warnings: [Fault] = []
}

extension RegistryState {
    /// The state after a change. Nothing is stored.
    ///
    /// - Parameters:
    ///   - change: Gets the state before; may throw to refuse.
    ///   - places: Where errors say that the parts of the change stand.
    ///   - readers: The gateways that read less than the newest version of the export.
    ///   - versions: What is known of the versions of types that have a service on each server.
    package func changed(
        _ change: (inout Cloud, RegistryState) throws -> Void, places: (RegistryState) -> RequestPlaces,
        readers: [ExportReader], versions: [String: SiblingVersion], author: ChangeAuthor, time: String
    ) throws -> Registry.Outcome {
        var cloud = cloud
        try change(&cloud, self)
        cloud.settleLosses()
        cloud.placeOnEachServer(since: self.cloud, versions)
        try cloud.settleRollouts(since: self.cloud)
        cloud.settleInstallations(since: self.cloud)
        try cloud.settleMoves(since: self.cloud)
        cloud.settleBuilds(at: time)
        cloud.settleLogLevels()
        let notices = cloud.notices
        cloud.notices = []
        // Before the comparison: a mark that a section takes from one that is gone is a change, and has an owner.
        try cloud.allocateMarks()
        let difference = CloudDifference(from: self.cloud, to: cloud)
        guard !difference.isEmpty || !notices.isEmpty else {
            return Registry.Outcome(summary: ChangeSummary(difference: difference), state: self, base: commit)
        }
        let places = places(self)
        try author.check(
            author.scope.firstOutside(difference, from: self.cloud, to: cloud, by: author.name), places)
        try cloud.settle(from: self.cloud, places: places)
        try cloud.afterMoves?.settle(from: self.cloud.afterMoves ?? self.cloud, places: places)
        let configurations = configurations.updated(difference, from: self.cloud, to: cloud)
        let changedTypes = cloud.changedTypes(since: self.cloud)
        let files = Set(changedTypes.map(ServiceType.file(of:)))
        try Cloud.refuse(
            configurations.contradictions(since: self.configurations, cloud: cloud, files: files)
                + cloud.unreadableSections(for: readers, since: self.cloud)
                + cloud.unreadableEgress(for: readers, since: self.cloud),
            inFiles: files, places)
        var affected = difference.locations(from: self.cloud, to: cloud)
        // A section that nobody has changed may have got a new mark, if an earlier version had not given it one.
        if cloud.hasOtherMarks(than: self.cloud, of: changedTypes) { affected.formUnion(cloud.locations.keys) }
        var state = self
        state.commit = commit.next()
        state.cloud = cloud
        state.exports = exports.updated(
            to: cloud, affecting: affected, generation: state.commit.generation)
        state.configurations = configurations
        state.stateEnds.update(difference, to: cloud)
        state.assignments = assignments.updated(difference, from: self.cloud, to: cloud)
        state.orders = orders.updated(
            difference, reconfigured: configurations.changed, from: self.cloud, to: cloud,
            generation: state.commit.generation)
        for change in difference.changes where change.kind == .type {
            let last = revisions[change.name]?.number ?? formerRevisions[change.name] ?? 0
            if change.action == .delete {
                state.revisions[change.name] = nil
                state.formerRevisions[change.name] = last
            } else {
                state.revisions[change.name] = TypeRevision(number: last + 1, changedBy: author.name, changedAt: time)
                state.formerRevisions[change.name] = nil
            }
        }
        let summary = ChangeSummary(
            difference: difference,
            exports: affected.sorted().compactMap { location in
                LocationExport.difference(
                    from: exports.byLocation[location], to: state.exports.byLocation[location]
                ).map { (location, $0) }
            },
            configurations: ServiceConfigurationChange.changes(
                from: self.cloud, self.configurations, to: cloud, configurations),
            warnings: Cloud.faults(
                cloud.warnings(about: difference, since: self.cloud), inFiles: files, places))
        try author.check(author.scope.firstOutside(summary.exports), places)
        return Registry.Outcome(summary: summary, state: state, base: commit, notices: notices)
    }
}

extension LocationExport {
    /// The difference between two exports; `nil` if they are equal. For a new or deleted location, the missing export
    /// counts as empty.
    fileprivate static func difference(from before: Self?, to after: Self?) -> ExportDifference? {
        guard before?.newest.digest != after?.newest.digest else { return nil }
        let difference = ExportDifference(
            from: before?.rows ?? [], to: after?.rows ?? [], egress: before?.egress ?? [], to: after?.egress ?? [])
        return difference.isEmpty ? nil : difference
    }
}
