import Cloud
import Foundation
package import Logging
import ServiceLifecycle
import Synchronization

/// Which service has fetched which configuration, as its requests tell: in memory, and written in batches. Cost for a
/// request: one entry of a dictionary.
package final class ConfigurationUses: Sendable {
    private struct Known {
        var uses: [String: ConfigurationUse] = [:]
        /// Services with another configuration than is written.
        var changed: Set<String> = []
        /// Services of which only the last request is not written.
        var asked: Set<String> = []
        /// Whether those of the store are among them.
        var isLoaded = false
    }

    private let store: any RegistryStore
    private let known = Mutex(Known())

    init(store: any RegistryStore) { self.store = store }

    /// Records that a service has a configuration.
    ///
    /// - Parameters:
    ///   - secrets: the revisions of the secrets in it; asked for only if it is another configuration than before.
    ///   - time: RFC 3339 in UTC.
    package func note(_ service: String, has digest: String, at time: String, secrets: () -> [String: Int]) {
        known.withLock { known in
            if known.uses[service]?.digest == digest {
                known.uses[service]?.last = time
                known.asked.insert(service)
            } else {
                known.changed.insert(service)
                known.uses[service] = ConfigurationUse(
                    service: service, digest: digest, secrets: secrets(), since: time, last: time)
            }
        }
    }

    /// The use of each service. Cost: one row for each, the first time.
    package func all() async throws -> [String: ConfigurationUse] {
        try await load()
        return known.withLock { $0.uses }
    }

    private func load() async throws {
        guard known.withLock({ !$0.isLoaded }) else { return }
        let stored = try await store.configurationUses()
        known.withLock { known in
            for use in stored {
                guard let present = known.uses[use.service] else {
                    known.uses[use.service] = use
                    continue
                }
                if present.digest == use.digest { known.uses[use.service]?.since = use.since }
            }
            known.isLoaded = true
        }
    }

    /// Writes what has changed, and forgets services that are gone. What cannot be written now stays for the next time.
    /// Cost: one row for each service with another configuration.
    ///
    /// - Parameters:
    ///   - lastRequests: whether to write the last request of each service that has asked, too.
    ///   - exists: whether there is such a service.
    package func flush(lastRequests: Bool, exists: (String) -> Bool) async throws {
        try await load()
        let (changed, gone) = known.withLock { known in
            let gone = Set(known.uses.keys.filter { !exists($0) })
            for name in gone { known.uses[name] = nil }
            let names = lastRequests ? known.changed.union(known.asked) : known.changed
            let changed = names.compactMap { known.uses[$0] }
            known.changed = []
            known.asked.subtract(names)
            return (changed, gone)
        }
        do {
            try await store.record(Observations(configurationUses: changed, goneServices: gone))
        } catch {
            known.withLock { $0.changed.formUnion(changed.map(\.service)) }
            throw error
        }
    }
}

/// Writes which configurations services have fetched: every half minute, last requests every five minutes, and both at
/// the end.
package struct ConfigurationUseWriter: Service {
    private static let interval = Duration.seconds(30)
    /// Writes between two writes of last requests.
    private static let turnsPerLastRequests = 10

    private let registry: Registry
    private let logger: Logger

    package init(registry: Registry, logger: Logger) {
        self.registry = registry
        self.logger = logger
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            for turn in 1... {
                try await Task.sleep(for: Self.interval)
                await write(lastRequests: turn % Self.turnsPerLastRequests == 0)
            }
        }
        await write(lastRequests: true)
    }

    private func write(lastRequests: Bool) async {
        do {
            let services = try await registry.state().cloud.services
            try await registry.configurationUses.flush(lastRequests: lastRequests) { services[$0] != nil }
        } catch {
            logger.failure("uses of configurations cannot be stored", error)
        }
    }
}
