import HTTPTypes
import AdminAPI
import Registry
import Versions

@testable import Admin

extension Stage {
    /// A driver that nobody runs: rollouts stay as they are.
    var rollouts: RolloutDriver {
        RolloutDriver(
            registry: registry, gateways: gateways, nodes: NodeRoster(registry: registry), versions: versions,
            outside: OutsideTester(logger: Self.logger) { [registry] in try await registry.state().cloud },
            logger: Self.logger)
    }

    /// Adds a version without files.
    /// - Returns: its digest.
    @discardableResult
    func addVersion(_ name: String, of type: String, variant: String = "release") async throws -> String {
        let manifest = Manifest(version: VersionName(type: type, name: name, variant: variant), files: [])
        _ = try await versions.add(
            manifest.version, manifest: manifest.bytes, ManifestSignatures(), by: "ops", dryRun: false)
        return ContentDigest(of: manifest.bytes).description
    }

    /// The seed with versions 1.0 and 2.0 of pgw, of which pgw.1 and pgw.2 have the first.
    func seedVersions() async throws {
        try await seed()
        for name in ["1.0", "2.0"] { try await addVersion(name, of: "pgw") }
        for service in ["pgw.1", "pgw.2"] {
            try await send(.patch, "/v1/services/\(service)", #"{"version": "1.0"}"#)
        }
    }

    /// Has every server report that it runs its services as they are assigned.
    func reportRunning() async throws {
        for (server, file) in try await registry.state().assignments.byServer {
            let services = file.document.services.mapValues { assignment in
                ServerService(
                    state: .running, since: "2027-01-15T08:00:00Z", version: assignment.version,
                    wanted: assignment.version)
            }
            let report = ServerReport(
                program: "1", applied: file.etag, bootedAt: "2027-01-15T08:00:00Z", services: services)
            try await send(
                .post, "/v1/servers/\(server)/report",
                String(
                    decoding: ServerReportMessage(session: "s", sequence: 1, report: report).jsonBytes, as: UTF8.self))
        }
    }

    /// Begins a rollout.
    func begin(_ body: String = #"{"type": "pgw", "version": "2.0"}"#) async throws -> RolloutResource {
        guard let rollout = try await send(.post, "/v1/rollouts", body).decoded(CreatedRollout.self).rollout else {
            throw StageError("no rollout in the answer")
        }
        return rollout
    }
}
