/// Refuses a prune that deletes a large part of the cloud, unless whoever asks names the number: an empty file, or an
/// empty list in one, is more often a slip than a wish. Values in, objections out.
package struct PruneGuard: Sendable, Hashable {
    /// Percent of what there is, of one kind or of all, that may go unasked.
    package var share = Self.defaultShare
    package static let defaultShare = 50

    /// As many may always go: a small cloud must be able to lose something.
    var floor = 4

    package init(share: Int = Self.defaultShare, floor: Int = 4) {
        self.share = share
        self.floor = floor
    }

    /// What a prune would delete of one kind of things.
    package struct Loss: Sendable, Hashable, CustomStringConvertible {
        /// In the plural: `services`.
        package let kind: String
        package let deleted: Int
        package let total: Int

        /// `12 of 20 services`
        package var description: String { "\(deleted) of \(total) \(kind)" }
    }

    /// Everything that a prune would delete.
    package struct Verdict: Sendable, Hashable {
        /// The number to be named.
        package let deleted: Int
        /// What is more than may go unasked; empty: nothing is.
        package let objections: [Loss]
    }

    package func verdict(from before: Cloud, to after: Cloud) -> Verdict {
        let losses = [
            Self.loss("locations", before.locations.keys, after.locations.keys),
            Self.loss("pools", before.pools.keys, after.pools.keys),
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
