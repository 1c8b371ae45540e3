public import YAML

/// A check to run on a service after each upgrade.
public struct ServiceTest: Sendable, Hashable {
    public var name: String
    public var action: Action
    /// Seconds that the test may take.
    public var timeout: Int
    public var position: YAMLPosition

    /// What the test does.
    public enum Action: Sendable, Hashable {
        /// Runs a program of the service with arguments; exit status 0 is success.
        case command([String])
        /// Sends a request to the service.
        case http(HTTPCheck)
    }

    /// A request to the service.
    public struct HTTPCheck: Sendable, Hashable {
        public var method: String
        public var port: UInt16
        /// Starts with `/`.
        public var path: String
        /// The expected status.
        public var status: Int
    }
}

/// The database of a type, for installation and incremental patches.
public struct DatabaseSection: Sendable, Hashable {
    public var name: String
    /// The file with the schema of a new database.
    public var schema: String
    /// The directory with patches, which are applied in the order of their names.
    public var patches: String?
    public var position: YAMLPosition
}
