import AdminAPI
package import AdminClient
public import GatewaySync
public import Logging
public import Netlink
public import ServiceSupport

/// How a gateway is set up: /etc/portcullis/gateway.yaml, then the environment, then flags.
public struct GatewayConfiguration: Sendable, Hashable {
    /// ADMIN's addresses, `https://admin.example:8443`; needed unless the export comes from a file.
    package var adminURL: AdminURLs?
    /// The location whose export this gateway follows.
    public var location: String?
    /// The name the gateway reports itself by.
    public var name: String
    /// The part it plays in a pair until it is given another (`portcullis-gateway role`).
    public var role = GatewayRole.active
    /// A file with the bearer token of role `gateway`.
    public var tokenFile: String?
    /// Certificates (PEM) to trust instead of the system's.
    public var caFile: String?
    /// Seconds from one poll to the next.
    public var interval = 3
    /// Seconds ADMIN may hold the answer until the export differs (`Prefer: wait`); 0: none.
    public var wait = 0
    /// Seconds an answer may take, at each of ADMIN's addresses that is asked.
    public var timeout = 10
    /// What must survive a restart: the last good export, drains, addresses.
    public var stateDirectory = "/var/lib/portcullis"
    /// What need not: lock, status, metrics.
    public var runDirectory = "/run/portcullis"
    /// Firewall marks that are Portcullis' to give.
    public var marks: ClosedRange<UInt32> = 256...65_535
    /// Seconds a real server that left the export may keep its connections.
    public var drainTime = 600
    /// Seconds from one look at IPVS and the local addresses to the next.
    public var auditInterval = 30
    /// Virtual services on our addresses that are none of ours.
    public var foreignServices = ForeignServices.report
    /// Whether our table belongs to the socket that `portcullis-gateway hold` keeps, so that nobody else can change or
    /// flush it.
    public var isTableOwned = false
    /// For node_exporter's textfile collector; `nil`: `metrics.prom` in the run directory.
    public var metricsFile: String?
    /// Metrics have series for each virtual service, and for each real server, while there are at most so many of them.
    public var metricsLimit = 5_000
    /// What one export may withdraw.
    public var exportGuard = ExportGuard()
    /// What is logged: this level and above.
    public var logLevel = Logger.Level.info
    /// IPVS' timeouts in seconds, the kernel's own where nothing else is said; 0: somebody else's affair.
    public var timeouts = IPVS.Timeouts(tcp: 900, tcpFin: 120, udp: 300)
    /// How connections are carried over to the other gateway.
    public var sync = SyncSettings()

    /// - Parameter name: the host's.
    public init(name: String) { self.name = name }

    /// The export's address, at each of ADMIN's; for messages.
    /// - Throws: when ADMIN's address or the location is not set.
    public func exportURL() throws(SettingsError) -> String {
        let (addresses, path) = try exportPlace()
        return addresses.all.map { "\($0)\(path.encoded)" }.joined(separator: ", ")
    }

    /// ADMIN's addresses, and the export's path there.
    /// - Throws: when the addresses or the location are not set.
    func exportPlace() throws(SettingsError) -> (addresses: AdminURLs, path: APIPath) {
        guard let adminURL else {
            throw SettingsError("admin-url is not set: where is ADMIN? (\(Self.places(of: .adminURL)))")
        }
        guard let location else {
            throw SettingsError("location is not set: whose export to follow? (\(Self.places(of: .location)))")
        }
        return (adminURL, .export(of: location))
    }

    /// Where a setting can be given.
    private static func places(of key: ConfigurationKey) -> String {
        "\(key.rawValue) in the configuration file, \(key.variable), or --\(key.rawValue)"
    }
}

/// Which part of a pair a gateway plays.
public enum GatewayRole: String, Sendable, CaseIterable {
    case active, passive
}
