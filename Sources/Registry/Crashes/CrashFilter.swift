import AdminAPI
import Text

/// Which crashes are listed. A member that is `nil` lets all through.
package struct CrashFilter: Sendable, Hashable {
    package var type: String?
    package var service: String?
    package var server: String?
    /// The name of a version, in all its variants; its name and one variant, as `1.5.0/debug`; or a SHA-256 of a manifest.
    package var version: String?
    /// Groups that were seen at this time (RFC 3339 in UTC) or later.
    package var since: String?

    package init(
        type: String? = nil, service: String? = nil, server: String? = nil, version: String? = nil,
        since: String? = nil
    ) {
        self.type = type
        self.service = service
        self.server = server
        self.version = version
        self.since = since
    }

    /// Whether it lets what a tally counts through.
    package func lets(_ tally: StoredTally) -> Bool {
        func agrees(_ wanted: String?, _ value: String?) -> Bool {
            wanted.map { wanted in value.map { wanted.isExactly($0) } ?? false } ?? true
        }
        return agrees(type, tally.key.type) && agrees(service, tally.key.service) && agrees(server, tally.key.server)
            && (version == nil
                || !tally.key.digest.isEmpty
                    && (agrees(version, tally.lastVersion.name) || agrees(version, tally.lastVersion.nameWithVariant)
                        || agrees(version, tally.key.digest)))
    }
}

extension CrashVersion {
    /// `1.5.0/debug`; `nil`: ADMIN does not know it.
    fileprivate var nameWithVariant: String? {
        guard let name, let variant else { return nil }
        return "\(name)/\(variant)"
    }
}
