import AdminAPI
import Cloud
package import Names
import Rollouts

extension Registry {
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
