import Text
public import YAML

/// A check to run on a service after each upgrade.
public struct ServiceTest: Sendable, Hashable {
    public var name: String
    public var action: Action
    /// Seconds that the test may take.
    public var timeout: Int
    /// Where it is run.
    public var origin: Origin
    public var position: YAMLPosition

    /// Seconds that a test may be given.
    package static let timeouts = 1...3_600

    /// Where a test is run.
    public enum Origin: String, Sendable, Hashable, CaseIterable {
        /// On the service's server.
        case node
        /// Through the public address.
        case outside
    }

    /// What the test does.
    public enum Action: Sendable, Hashable {
        /// Runs a program of the service with arguments; exit status 0 is success.
        case command([String])
        /// Sends a request to the service.
        case http(HTTPCheck)
    }

    /// A request to the service.
    public struct HTTPCheck: Sendable, Hashable {
        package static let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
        package static let statuses = 100...599

        /// Whether a text can be the path of a request.
        package static func isPath(_ text: String) -> Bool {
            text.hasBytePrefix("/") && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }

        public var method: String
        public var port: UInt16
        /// Starts with `/`.
        public var path: String
        /// The expected status.
        public var status: Int

        package init(method: String, port: UInt16, path: String, status: Int) {
            self.method = method
            self.port = port
            self.path = path
            self.status = status
        }
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
