public import Names
public import YAML

/// What to prepare on a server before a service of the type runs there.
public struct InstallSection: Sendable, Hashable {
    /// Directories to make, in order.
    public var directories: [ServiceDirectory]
    /// Files of a build that go to the service's root.
    public var files: [String]
    public var position: YAMLPosition
}

/// A directory relative to the service's root.
public struct ServiceDirectory: Sendable, Hashable {
    public var path: String
    /// The storage it is really on; the path is then a symbolic link.
    public var storage: Storage?

    public enum Storage: String, Sendable, Hashable, CaseIterable {
        /// One of the drives of a database server.
        case db
        /// The common storage of an archive server.
        case archive

        /// The only kind of server that has the storage.
        public var serverKind: ServerKind { self == .db ? .db : .archive }
    }
}

/// What to clean up, besides the service's root, when a service leaves a server.
public struct UninstallSection: Sendable, Hashable {
    /// Directories to remove with all that is in them, in order.
    public var directories: [String]
    public var position: YAMLPosition
}

/// What a service needs of its server and of the cloud.
public struct Requirements: Sendable, Hashable {
    /// Kinds of server it may run on; empty: all.
    public var serverKinds: Set<ServerKind>
    /// Labels the server must have.
    public var labels: [String]
    /// Types of which a service must exist.
    public var types: [String]
    public var position: YAMLPosition
}
