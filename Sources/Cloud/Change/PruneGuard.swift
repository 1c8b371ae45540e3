/// Refuses a prune that deletes a large part of the cloud, unless the request names the number of deletions: an empty
/// file, or an empty list in one, is more often a mistake than intended. The guard only decides; it changes nothing.
package struct PruneGuard: Sendable, Hashable {
    /// The percentage of objects, of one kind or of all, that may be deleted without a number, 0 to 100.
    package var share = Self.defaultShare
    package static let defaultShare = 50

    /// The number of objects that may always be deleted: it must be possible to shrink a small cloud.
    var floor = 4

    package init(share: Int = Self.defaultShare, floor: Int = 4) {
        self.share = share
        self.floor = floor
    }

    /// The deletions of one kind of object.
    package struct Loss: Sendable, Hashable, CustomStringConvertible {
        /// The kind in the plural: `services`.
        package let kind: String
        package let deleted: Int
        package let total: Int

        /// `12 of 20 services`
        package var description: String { "\(deleted) of \(total) \(kind)" }
    }

    /// The deletions of a whole prune.
    package struct Verdict: Sendable, Hashable {
        /// The number that the request must name.
        package let deleted: Int
        /// The losses that need the number; empty if none does.
        package let objections: [Loss]
    }

    /// What a prune would delete, and what needs the number. Compares the names of all objects.
    package func verdict(from before: Cloud, to after: Cloud) -> Verdict {
        let losses = [
            Self.loss("locations", before.locations.keys, after.locations.keys),
            Self.loss("pools", before.pools.keys, after.pools.keys),
            Self.loss("egress rules", before.egress.keys, after.egress.keys),
            Self.loss("servers", before.servers.keys, after.servers.keys),
            Self.loss("types", before.types.keys, after.types.keys),
            Self.loss("services", before.services.keys, after.services.keys),
        ]
        let all = Loss(
            kind: "things in all", deleted: losses.reduce(0) { $0 + $1.deleted },
            total: losses.reduce(0) { $0 + $1.total })
        return Verdict(deleted: all.deleted, objections: (losses + [all]).filter(isExceeded))
    }

    private func isExceeded(by loss: Loss) -> Bool {
        loss.deleted > floor && loss.deleted * 100 > share * loss.total
    }

    private static func loss<Names: Collection>(_ kind: String, _ before: Names, _ after: Names) -> Loss
    where Names.Element: Hashable {
        let kept = Set(after)
        return Loss(kind: kind, deleted: before.count { !kept.contains($0) }, total: before.count)
    }
}
