import Cloud
import Names
import Registry

extension RouteTable {
    /// The digest of a version that a request names; `nil`: none is named, or ADMIN does not know it.
    func digest(of version: VersionReference?, type: String) async throws -> String? {
        guard let version else { return nil }
        let named = NamedVersion(type: type, version: version)
        return try await registry.versions.digests(of: [named])[named]
    }
}

extension Installation {
    /// What a request makes of a service's installation. A version that the service has already needs not be known.
    ///
    /// Throws `ChangeError.invalid` for a version that ADMIN does not know.
    ///
    /// - Parameter pointer: the place of the version in the request.
    init(
        _ version: VersionReference, _ digest: String?, desired: DesiredRun, of type: String, before: Installation?,
        at pointer: String
    ) throws {
        guard let known = digest ?? (before?.version == version ? before?.digest : nil) else {
            throw ChangeError.invalid([
                Fault(place: .text(pointer), detail: "ADMIN has no version \(version) of type \(type)")
            ])
        }
        self.init(version: version, digest: known, desired: desired)
    }
}
