import Cloud
import ServicesExport
import Synchronization

/// The gateways that do not read the newest version of the export: what the version that they read cannot express must
/// not be written while they are there.
///
/// Costs a poll nothing: a gateway is noted when it is new or says another version than before.
final class OlderReaders: Sendable {
    private struct Known {
        var older: [GatewayID: ServicesCSV.Version] = [:]
        /// Gateways that were heard before the store was read: what it has of them is older. `nil`: it was read.
        var heard: Set<GatewayID>? = []
    }

    private let known = Mutex(Known())

    /// Notes the version that a gateway reads now.
    func note(_ id: GatewayID, _ version: ServicesCSV.Version) {
        known.withLock { known in
            known.older[id] = version < .newest ? version : nil
            known.heard?.insert(id)
        }
    }

    /// Forgets a gateway that is gone.
    func forget(_ id: GatewayID) { note(id, .newest) }

    /// The gateways that read less than the newest version. The first time, this reads every gateway of the store;
    /// afterwards it costs what there is to return.
    func gateways(in store: any RegistryStore) async throws -> [ExportReader] {
        if known.withLock({ $0.heard != nil }) {
            let stored = try await store.gateways()
            known.withLock { known in
                guard let heard = known.heard else { return }
                known.heard = nil
                for gateway in stored where !heard.contains(gateway.id) && gateway.heartbeat.exportVersion < .newest {
                    known.older[gateway.id] = gateway.heartbeat.exportVersion
                }
            }
        }
        return known.withLock { known in
            known.older.sorted { $0.key < $1.key }.map { id, version in
                ExportReader(location: id.location, gateway: id.name, version: version)
            }
        }
    }
}
