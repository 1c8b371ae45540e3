import AdminAPI
package import Cloud
package import Names
package import Versions

/// The versions that ADMIN keeps: what is asked of them when a service gets one.
package protocol VersionDirectory: Sendable {
    /// A version of a type; `nil`: there is no such version.
    ///
    /// - Parameter variant: `nil`: the main one.
    func version(_ name: String, variant: String?, of type: String) async throws -> KnownVersion?

    /// The version with a manifest; `nil`: there is no such version here.
    ///
    /// - Parameter digest: SHA-256, 64 hexadecimal digits.
    func version(ofManifest digest: String) async throws -> KnownVersion?
}

/// What is known of a version that a service is to get.
package struct KnownVersion: Sendable, Hashable {
    /// SHA-256 of its manifest, 64 hexadecimal digits.
    package var digest: String
    /// Its name and variant; `nil`: it is not here.
    package var name: VersionName?
    /// Why no service gets it any more, and how that is lifted; `nil`: one may.
    package var refusal: String?
    /// Whether it is marked as good.
    package var isGood: Bool
    /// When it was added: RFC 3339 in UTC; empty if it is not here.
    package var createdAt: String

    package init(
        digest: String, name: VersionName? = nil, refusal: String? = nil, isGood: Bool = false, createdAt: String = ""
    ) {
        self.digest = digest
        self.name = name
        self.refusal = refusal
        self.isGood = isGood
        self.createdAt = createdAt
    }
}

/// The versions in a store.
package struct StoredVersions: VersionDirectory {
    private let store: any RegistryStore

    package init(_ store: any RegistryStore) { self.store = store }

    package func version(_ name: String, variant: String?, of type: String) async throws -> KnownVersion? {
        let name = VersionName(type: type, name: name, variant: variant ?? BuildSection.mainVariant)
        return try await store.version(name).map { KnownVersion($0) }
    }

    package func version(ofManifest digest: String) async throws -> KnownVersion? {
        guard let digest = ContentDigest(digest) else { return nil }
        return try await store.version(ofManifest: digest).map { KnownVersion($0) }
    }
}

extension KnownVersion {
    fileprivate init(_ version: StoredVersion) {
        self.init(
            digest: version.digest.description, name: version.version, isGood: version.mark == .good,
            createdAt: version.createdAt)
        guard version.mark == .quarantined else { return }
        refusal =
            "\(version.version) is quarantined: \(version.reason ?? "no reason is given"); `portcullis versions mark "
            + "\(version.version.type) \(version.version.reference) good` lifts that"
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

extension Registry {
    /// What is known of the versions that services of some types have, by their digests. Asks once for each version, and
    /// walks over all services.
    package func siblingVersions(ofTypes types: Set<String>, in cloud: Cloud) async throws -> [String: SiblingVersion] {
        guard !types.isEmpty else { return [:] }
        let services = cloud.services.values.filter { types.contains($0.type) }
        var found: [String: SiblingVersion] = [:]
        for digest in Set(services.compactMap(\.installation?.digest)) {
            guard let known = try await versions.version(ofManifest: digest) else { continue }
            found[digest] = SiblingVersion(
                isGood: known.isGood, refusal: known.refusal, createdAt: known.createdAt)
        }
        return found
    }

    /// What is known of the versions of types that have a service on each server, which get others by themselves.
    package func siblingVersions(in cloud: Cloud) async throws -> [String: SiblingVersion] {
        let types = cloud.types.values.filter { $0.configuration.isOnEachServer }.map(\.name)
        return try await siblingVersions(ofTypes: Set(types), in: cloud)
    }
}

extension VersionDirectory {
    /// Those that are known; one that is named by its digest needs not be here. Asks once for each.
    package func known(_ versions: some Sequence<NamedVersion>) async throws -> [NamedVersion: KnownVersion] {
        var known: [NamedVersion: KnownVersion] = [:]
        for version in Set(versions) {
            switch version.version {
            case .manifest(let digest):
                known[version] = try await self.version(ofManifest: digest) ?? KnownVersion(digest: digest)
            case .named(let name, let variant):
                known[version] = try await self.version(name, variant: variant, of: version.type)
            }
        }
        return known
    }
}
