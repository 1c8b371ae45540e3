public import Names

/// What the server of a service is to have of it. A service without one is not installed by ADMIN.
public struct Installation: Sendable, Hashable {
    public var version: VersionReference
    /// The version's manifest: SHA-256, 64 hexadecimal digits.
    public var digest: String
    public var desired: DesiredRun
    /// The drive of the server where its data is; `nil`: it is on none. `Cloud.settleInstallations` sets it.
    public var drive: String?
    /// Whether its server has yet to say that it runs; then no gateway sends to it. A service of a type without gateway
    /// sections is not waited for. `Cloud.settleInstallations` sets it.
    public var isStarting: Bool

    public init(
        version: VersionReference, digest: String, desired: DesiredRun = .running, drive: String? = nil,
        isStarting: Bool = false
    ) {
        self.version = version
        self.digest = digest
        self.desired = desired
        self.drive = drive
        self.isStarting = isStarting
    }
}

/// What is left of a service on a server that it was installed on and has left: its directory.
public struct Remains: Sendable, Hashable {
    /// Where they are, and of which service.
    public struct ID: Sendable, Hashable, Comparable {
        public let server: String
        public let service: String

        public init(server: String, service: String) {
            self.server = server
            self.service = service
        }

        public static func < (a: Self, b: Self) -> Bool { (a.server, a.service) < (b.server, b.service) }
    }

    /// The drive of the server where its data is; `nil`: it is on none.
    public var drive: String?
    /// Whether the server is to remove them.
    public var isPurged: Bool

    public init(drive: String? = nil, isPurged: Bool = false) {
        self.drive = drive
        self.isPurged = isPurged
    }
}
