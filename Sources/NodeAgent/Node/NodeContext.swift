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
    /// By which deadlines are judged.
    let clock = AdminClock()
    let keeper: String
    let master: String
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
        if directory.services.isEmpty { try users.prepare() }
        keeper = try configuration.keeperProgram()
        master = try configuration.masterProgram()
        self.source = source
        self.logger = logger
    }
}
