import AdminAPI
package import Cloud
package import Names
import Text
import Versions

/// What a rollout is to bring.
package struct RolloutTarget: Sendable, Hashable {
    package var type: String
    package var version: VersionReference
    /// Its manifest: SHA-256, 64 hexadecimal digits.
    package var digest: String
    /// By variant: what instances get in its place that have this variant of another version.
    package var variants: [String: RolloutVariant] = [:]
    /// By instance: the manifest of the version that it had when this was found out.
    package var seen: [String: String] = [:]
}

extension Registry {
    /// What a rollout to a version brings. Where no variant is named, an instance that has another variant than the main
    /// one keeps it if the version has one of that name that may be given.
    ///
    /// Throws `ChangeError.invalid` at `place` if ADMIN does not have such a version of the type, or if it is quarantined.
    package func target(
        ofRolloutTo reference: VersionReference, of type: String, at place: String
    ) async throws -> RolloutTarget {
        let found: StoredVersion?
        switch reference {
        case .named(let name, let variant):
            found = try await store.version(
                VersionName(type: type, name: name, variant: variant ?? BuildSection.mainVariant))
        case .manifest(let digest):
            found = if let digest = ContentDigest(digest) { try await store.version(ofManifest: digest) } else { nil }
        }
        guard let found, found.version.type.isExactly(type) else {
            throw Self.invalid(place, "there is no version \(reference) of the type \(type)")
        }
        try Self.requireUsable(found, as: reference, at: place)
        var target = RolloutTarget(
            type: type, version: reference.resolved(as: found.version), digest: found.digest.description)
        guard case .named(let name, variant: nil) = reference else { return target }
        let services = try await state().cloud.services.values
        let others = Set(services.lazy.filter { $0.type == type }.compactMap(\.installation?.version.otherVariant))
        for variant in others {
            guard let other = try await store.version(VersionName(type: type, name: name, variant: variant)),
                other.mark != .quarantined
            else { continue }
            target.variants[variant] = RolloutVariant(
                version: .named(name, variant: variant), manifest: other.digest.description)
        }
        return target
    }

    /// What brings an instance to another variant of the version that it has.
    ///
    /// Throws `ChangeError` if there is no such instance, if it has no version whose name is known, and, at `place`, if
    /// ADMIN does not have the variant of it, or if that is quarantined.
    package func target(
        ofVariant variant: String, for service: String, at place: String
    ) async throws -> RolloutTarget {
        let cloud = try await state().cloud
        let instance = try cloud.service(service)
        guard let installation = instance.installation else {
            throw Self.invalid("{service}", "\(service) has no version: ADMIN does not run it")
        }
        guard let name = try await name(of: installation) else {
            throw Self.invalid(
                "{service}",
                "\(service) has \(installation.version), which is not at ADMIN: nobody knows its variants. "
                    + "`portcullis upgrade \(instance.type) --to VERSION --service \(service)` gives it another version"
            )
        }
        let wanted = VersionName(type: instance.type, name: name, variant: variant)
        guard let found = try await store.version(wanted) else {
            throw Self.invalid(place, try await lack(of: wanted, in: cloud))
        }
        let reference = VersionReference.named(name, variant: variant).plain
        try Self.requireUsable(found, as: reference, at: place)
        return RolloutTarget(
            type: instance.type, version: reference, digest: found.digest.description,
            seen: [service: installation.digest])
    }

    /// The name of the version of an installation; `nil`: it was named by a manifest that is not here.
    private func name(of installation: Installation) async throws -> String? {
        if let name = installation.version.name { return name }
        guard let digest = ContentDigest(installation.digest) else { return nil }
        return try await store.version(ofManifest: digest)?.version.name
    }

    /// That there is no such variant, which there are, and how it is made. Reads all versions.
    private func lack(of version: VersionName, in cloud: Cloud) async throws -> String {
        let present = try await store.versions().map(\.version)
            .filter { $0.type.isExactly(version.type) && $0.name.isExactly(version.name) }.sorted()
        let list = present.isEmpty ? "none of that name" : present.map(\.reference).joined(separator: ", ")
        let build = cloud.types[version.type]?.configuration.build
        let lack =
            build?.settings(for: version.variant) == nil
            ? "the type's \"build\" has no variant \(version.variant) yet; then " : ""
        return
            "ADMIN has no version \(version.reference) of the type \(version.type); it has \(list). To make one: \(lack)"
            + "`portcullis versions build \(version.type) --name \(version.name) --variant \(version.variant) --push`, and "
            + "sign it"
    }

    private static func requireUsable(
        _ version: StoredVersion, as reference: VersionReference, at place: String
    ) throws {
        guard version.mark == .quarantined else { return }
        let reason = version.reason.map { " (\($0))" } ?? ""
        throw invalid(
            place,
            "the version \(reference) of the type \(version.version.type) is quarantined\(reason): portcullis versions "
                + "mark lifts that")
    }

    private static func invalid(_ place: String, _ detail: String) -> ChangeError {
        .invalid([Fault(place: .text(place), detail: detail)])
    }
}
