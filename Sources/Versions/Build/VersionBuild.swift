package import Cloud

/// A version that is made of the files of a build, whoever has run the command.
package struct VersionBuild: Sendable {
    package let version: VersionName
    package let type: MetaConfiguration

    /// - Throws: `EmptyVersionError` if a version of the type would have nothing.
    package init(_ version: VersionName, of type: MetaConfiguration) throws(EmptyVersionError) {
        guard !(type.install?.files ?? []).isEmpty || type.run != nil else { throw EmptyVersionError(type: type.type) }
        self.version = version
        self.type = type
    }

    /// A version in a store.
    package struct Result: Sendable {
        package let manifest: Manifest
        package let digest: ContentDigest
        /// Whether it was not in the store before.
        package let isNew: Bool
    }

    /// Adds the files that `install.files` names, and the manifest.
    ///
    /// - Throws: `BuildError`, `ManifestError`, `VersionStoreError`, and what the disk says.
    package func add(_ build: BuildDirectory, to store: VersionStore, _ session: StoreSession) throws -> Result {
        let selection = try build.select(type.install?.files ?? [])
        let files = try build.add(selection, session)
        let manifest = Manifest(version, of: type, files: files, links: selection.links)
        let added = try store.add(manifest, session)
        return Result(manifest: manifest, digest: added.digest, isNew: added.isNew)
    }
}

/// A type whose versions would have neither files nor a program.
package struct EmptyVersionError: Error, Sendable, Hashable, CustomStringConvertible {
    package let type: String

    package var description: String {
        "the type \(type) has neither install.files nor run: a version of it would have nothing"
    }
}

extension BuildSection {
    /// How a variant is built.
    ///
    /// - Throws: `UnknownVariantError`.
    package func required(_ variant: String, of type: String) throws(UnknownVariantError) -> Settings {
        guard let settings = settings(for: variant) else {
            throw UnknownVariantError(
                type: type, variant: variant, known: [Self.mainVariant] + variants.map(\.name))
        }
        return settings
    }
}

/// A variant that is not built.
package struct UnknownVariantError: Error, Sendable, Hashable, CustomStringConvertible {
    package let type: String
    package let variant: String
    package let known: [String]

    package var description: String { "the type \(type) has no variant \(variant)" }

    /// Those that there are, as a sentence.
    package var hint: String { "It has \(known.joined(separator: ", "))." }
}
