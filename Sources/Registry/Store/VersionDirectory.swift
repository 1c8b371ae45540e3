import Cloud
package import Names
import Versions

/// The versions that ADMIN keeps: what is asked of them when a service gets one.
package protocol VersionDirectory: Sendable {
    /// SHA-256 of the manifest of a version of a type, 64 hexadecimal digits; `nil`: there is no such version.
    ///
    /// - Parameter variant: `nil`: the main one.
    func digest(ofVersion name: String, variant: String?, of type: String) async throws -> String?
}

/// The versions in a store.
package struct StoredVersions: VersionDirectory {
    private let store: any RegistryStore

    package init(_ store: any RegistryStore) { self.store = store }

    package func digest(ofVersion name: String, variant: String?, of type: String) async throws -> String? {
        let name = VersionName(type: type, name: name, variant: variant ?? BuildSection.mainVariant)
        return try await store.version(name)?.digest.description
    }
}

/// A version of a type that somebody names.
package struct NamedVersion: Sendable, Hashable {
    package var type: String
    package var version: VersionReference

    package init(type: String, version: VersionReference) {
        self.type = type
        self.version = version
    }
}

extension VersionDirectory {
    /// The digests of those that are known. Asks once for each.
    package func digests(of versions: some Sequence<NamedVersion>) async throws -> [NamedVersion: String] {
        var digests: [NamedVersion: String] = [:]
        for version in Set(versions) {
            switch version.version {
            case .manifest(let digest): digests[version] = digest
            case .named(let name, let variant):
                digests[version] = try await digest(ofVersion: name, variant: variant, of: version.type)
            }
        }
        return digests
    }
}
