import JSON
import Names

/// The link of a service's master to ADMIN (`GET /v1/links`), with what the master says of its workers. It has no times
/// that change with each request, so that whoever follows the list is told of changes only.
public struct LinkResource: Sendable, Hashable {
    /// Whether ADMIN hears of a master.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Within the last `Limits.linkSuspicion` seconds.
        case connected
        /// Nothing for longer.
        case suspect
        /// Nothing for longer than `Limits.linkLoss` seconds.
        case lost
    }

    /// What has become of the configuration that a master last got.
    public enum ConfigurationState: String, Sendable, Hashable, CaseIterable {
        /// It is the present one, and in use.
        case current
        /// There is another one by now.
        case older
        /// Workers have refused it, or it came too late for them.
        case unused
    }

    public var service: String
    public var server: String
    public var state: State
    /// When it was last heard of, where it is not connected: RFC 3339 in UTC.
    public var silentSince: String?
    /// The version of the master's program; `nil`, as the following: it has not reported since ADMIN started.
    public var program: String?
    /// The version that runs: SHA-256 of its manifest.
    public var version: String?
    /// The process of the master.
    public var pid: Int?
    public var startedAt: String?
    public var phase: ServiceReport.Phase?
    public var workers: [WorkerReport]
    /// The configuration that the master last got.
    public var configuration: ConfigurationReport?
    /// Whether the master has the present configuration, and it is in use.
    public var hasPresentConfiguration: Bool
    public var allowsLua: Bool

    /// `nil`: the master has told of no configuration.
    public var configurationState: ConfigurationState? {
        guard let configuration else { return nil }
        return configuration.problem != nil ? .unused : hasPresentConfiguration ? .current : .older
    }

    public init(
        service: String, server: String, state: State, silentSince: String? = nil, program: String? = nil,
        version: String? = nil, pid: Int? = nil, startedAt: String? = nil, phase: ServiceReport.Phase? = nil,
        workers: [WorkerReport] = [], configuration: ConfigurationReport? = nil,
        hasPresentConfiguration: Bool = false, allowsLua: Bool = false
    ) {
        self.service = service
        self.server = server
        self.state = state
        self.silentSince = silentSince
        self.program = program
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.phase = phase
        self.workers = workers
        self.configuration = configuration
        self.hasPresentConfiguration = hasPresentConfiguration
        self.allowsLua = allowsLua
    }
}

extension LinkResource: Described {
    package static let form = Form<Self>.object(
        "Link", .required("service", .serviceName, \.service), .required("server", .name(.server), \.server),
        .required("state", .choice, \.state), .present("silentSince", .time, \.silentSince),
        .present("program", .line(atMost: 100), \.program), .present("version", .digest, \.version),
        .present("pid", .integer(Limits.processIDs), \.pid), .present("startedAt", .time, \.startedAt),
        .present("phase", .choice, \.phase), .required("workers", .workers, \.workers),
        .present("configuration", ConfigurationReport.form, \.configuration),
        .required("presentConfiguration", .boolean, \.hasPresentConfiguration),
        .required("allowsLua", .boolean, \.allowsLua)
    ) {
        LinkResource(
            service: $0, server: $1, state: $2, silentSince: $3, program: $4, version: $5, pid: $6, startedAt: $7,
            phase: $8, workers: $9, configuration: $10, hasPresentConfiguration: $11, allowsLua: $12)
    }
}
