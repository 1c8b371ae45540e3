public import Names
public import YAML

/// What to prepare on a server before a service of the type can run there.
public struct InstallSection: Sendable, Hashable {
    /// Directories to make, in order.
    public var directories: [ServiceDirectory]
    /// The files of a build that belong to a version, as patterns (`FilePattern`) relative to the build directory.
    public var files: [String]
    public var position: YAMLPosition
}

/// A directory relative to the service's root.
public struct ServiceDirectory: Sendable, Hashable {
    /// The path, without a slash at the beginning.
    public var path: String
    /// The storage that really holds it; the path is then a symbolic link. `nil`: the service's root.
    public var storage: Storage?

    package init(path: String, storage: Storage? = nil) {
        self.path = path
        self.storage = storage
    }

    /// A storage outside of the service's root.
    public enum Storage: String, Sendable, Hashable, CaseIterable {
        /// One of a database server's drives.
        case db
        /// An archive server's common storage.
        case archive

        /// The only kind of server with this storage.
        public var serverKind: ServerKind { self == .db ? .db : .archive }
    }
}

/// What to remove, besides the service's root, when a service leaves a server.
public struct UninstallSection: Sendable, Hashable {
    /// Directories to remove with their contents, in order.
    public var directories: [String]
    public var position: YAMLPosition
}

/// What a service needs from its server and from the cloud.
public struct Requirements: Sendable, Hashable {
    /// Kinds of servers on which it may run; empty: all.
    public var serverKinds: Set<ServerKind>
    /// Labels the server must have.
    public var labels: [String]
    /// Types that must have a service.
    public var types: [String]
    public var position: YAMLPosition
}
