import Cloud
import Names
import Registry
import Versions

extension RouteTable {
    /// What is known of a version that a request names; `nil`: none is named, or ADMIN does not know it.
    func known(_ version: VersionReference?, type: String) async throws -> KnownVersion? {
        guard let version else { return nil }
        let named = NamedVersion(type: type, version: version)
        return try await registry.versions.known([named])[named]
    }
}

extension Installation {
    /// What a request makes of a service's installation. A version that the service has already needs not be known, and
    /// may be one that no service gets any more.
    ///
    /// Throws `ChangeError.invalid` for a version that ADMIN does not know, or that is quarantined.
    ///
    /// - Parameter pointer: the place of the version in the request.
    init(
        _ version: VersionReference, _ known: KnownVersion?, desired: DesiredRun, of type: String,
        before: Installation?, at pointer: String
    ) throws {
        let isUnchanged = before?.version == version || before?.version == version.plain
        guard let digest = known?.digest ?? (isUnchanged ? before?.digest : nil) else {
            throw ChangeError.invalid([
                Fault(place: .text(pointer), detail: "ADMIN has no version \(version) of type \(type)")
            ])
        }
        if let refusal = known?.refusal, before?.digest != digest {
            throw ChangeError.invalid([Fault(place: .text(pointer), detail: refusal)])
        }
        self.init(
            version: known?.name.map(version.resolved) ?? version, digest: digest, desired: desired,
            isStarting: before?.isStarting ?? false)
    }
}
