import AdminClient
import ServiceSupport
package import Supervision

/// Where a link leads, and by what right.
package struct LinkSettings: Sendable {
    let service: String
    let server: String
    let addresses: AdminURLs
    let tokenFile: String
    let caFile: String?
    let allowsLua: Bool
    /// SHA-256 of the manifest of the version that runs.
    let manifest: String?

    /// Whether the service's token is there.
    package var hasToken: Bool { Files.identity(of: tokenFile) != nil }

    /// `nil`: the master is to have no link.
    ///
    /// - Throws: if ADMIN's address is none.
    package init?(_ settings: MasterSettings) throws(UsageError) {
        guard let text = settings.adminURL, let server = settings.server, let tokenFile = settings.tokenFile else {
            return nil
        }
        do throws(AdminURLError) {
            addresses = try AdminURLs(text)
        } catch {
            throw UsageError("--admin-url: \(error)")
        }
        service = settings.name
        self.server = server
        self.tokenFile = tokenFile
        caFile = settings.caFile
        allowsLua = settings.allowsLua
        manifest = settings.manifest
    }
}
