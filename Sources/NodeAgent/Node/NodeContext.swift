import Logging
import ServiceSupport
import Versions

/// What all services of a node share.
struct NodeContext: Sendable {
    let configuration: NodeConfiguration
    let directory: NodeDirectory
    let store: BlobStore
    let shelf: ManifestShelf
    let users: ServiceUsers
    let keeper: String
    let driver: ServiceDriver
    /// `nil`: nothing is fetched.
    let source: AdminSource?
    let logger: Logger

    /// Opens the store, and makes the directories that are not there.
    init(_ configuration: NodeConfiguration, driver: ServiceDriver, source: AdminSource?, logger: Logger) throws {
        self.driver = driver
        self.configuration = configuration
        directory = NodeDirectory(configuration.root)
        try directory.prepare()
        store = try BlobStore(opening: directory.store, making: true)
        shelf = ManifestShelf(
            directory: directory, keys: configuration.trustedKeys, takesUnsigned: configuration.takesUnsigned)
        users = ServiceUsers(configuration)
        keeper = try configuration.keeperProgram()
        self.source = source
        if directory.services.isEmpty { try users.prepare() }
        self.logger = logger
    }
}
