import Text

/// The files of a version that are for its database, without their statements.
package struct PatchFiles: Sendable, Hashable {
    /// A patch's file.
    package struct Patch: Sendable, Hashable {
        package let name: PatchName
        package let digest: PatchDigest

        package init(name: PatchName, digest: PatchDigest) {
            self.name = name
            self.digest = digest
        }
    }

    /// The number of the newest patch that the schema has in it; 0 for none.
    package let included: Int
    package let schema: PatchDigest
    /// In the order in which they are applied.
    package let patches: [Patch]

    /// - Throws: `PatchRefusal` for two patches with one number, for numbers that a listing has in another order, and for
    ///   a schema that includes what is no file. Old files may be gone, so a number lower than those of all files is taken.
    package init(included: Int, schema: PatchDigest, patches: [Patch]) throws(PatchRefusal) {
        let sorted = patches.sorted { $0.name.number < $1.name.number }
        for (one, next) in zip(sorted, sorted.dropFirst()) {
            guard one.name.number != next.name.number else {
                throw .twoOfOneNumber(one.name.file, next.name.file)
            }
            guard one.name.file.utf8.lexicographicallyPrecedes(next.name.file.utf8) else {
                throw .listedInAnotherOrder(one.name.file, next.name.file)
            }
        }
        guard
            included == 0 || sorted.contains(where: { $0.name.number == included })
                || sorted.first.map({ included < $0.name.number }) == true
        else { throw .includesNoFile(included, newest: sorted.last?.name.file) }
        self.included = included
        self.schema = schema
        self.patches = sorted
    }

    /// The number of the newest patch, in a file or in the schema; 0 if there is none.
    package var newest: Int { max(included, patches.last?.name.number ?? 0) }

    /// The patch that somebody means by a number or a name; `nil` if there is none.
    package func patch(meantBy text: String) -> Patch? { patches.first { $0.name.isMeant(by: text) } }
}
