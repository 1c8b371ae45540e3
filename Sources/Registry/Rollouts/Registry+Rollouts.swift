import AdminAPI
import Cloud
package import Names
import Rollouts
import Text
import Versions

extension Registry {
    /// The manifest of a version that a rollout is to bring out: SHA-256, 64 hexadecimal digits.
    ///
    /// Throws `ChangeError.invalid` at `place` if ADMIN does not have such a version of the type, or if it is quarantined.
    package func digest(
        forRolloutTo reference: VersionReference, of type: String, at place: String
    ) async throws -> String {
        let version: StoredVersion?
        switch reference {
        case .named(let name, let variant):
            version = try await store.version(
                VersionName(type: type, name: name, variant: variant ?? BuildSection.mainVariant))
        case .manifest(let digest):
            version = if let digest = ContentDigest(digest) { try await store.version(ofManifest: digest) } else { nil }
        }
        guard let version, version.version.type.isExactly(type) else {
            throw ChangeError.invalid([
                Fault(place: .text(place), detail: "there is no version \(reference) of the type \(type)")
            ])
        }
        guard version.mark != .quarantined else {
            let reason = version.reason.map { " (\($0))" } ?? ""
            throw ChangeError.invalid([
                Fault(
                    place: .text(place),
                    detail: "the version \(reference) of the type \(type) is quarantined\(reason): "
                        + "portcullis versions mark lifts that")
            ])
        }
        return version.digest.description
    }

    /// Gives an order to a rollout.
    ///
    /// Throws as `Cloud.order` does, and `ChangeError.inUse` if `revert` would need a version that is not here any more.
    package func order(
        _ order: RolloutOrder, rollout id: String, withoutGateways gateways: Set<String> = [],
        by author: ChangeAuthor, dryRun: Bool
    ) async throws -> Outcome {
        if order == .revert { try await requireVersionsBefore(of: id) }
        return try await write(by: author, dryRun: dryRun) { [self] cloud, state in
            try cloud.order(
                order, rollout: id, withoutGateways: gateways,
                clock: cloud.rollouts[id].map { rolloutClocks.now(of: $0) } ?? 0, generation: state.generation + 1,
                at: Timestamp.text(now()))
        }
    }

    /// Throws if a version is not here that an instance of a rollout would get by a way back.
    private func requireVersionsBefore(of id: String) async throws {
        let cloud = try await state().cloud
        guard let rollout = cloud.rollouts[id] else { return }
        for digest in Set(rollout.progress.instances.compactMap(\.before)).sorted()
        where rollout.goesBack(to: digest, in: cloud) {
            guard try await versions.version(ofManifest: digest) == nil else { continue }
            throw rollout.refusal(
                "the version \(rollout.reference(to: digest)) that its instances had before is not at ADMIN any more: push "
                    + "it again, or begin a rollout to another one")
        }
    }
}
