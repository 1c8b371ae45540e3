import AdminAPI
package import AdminClient
public import GatewaySync
public import Logging
public import Netlink
public import ServiceSupport

/// The gateway's settings: from /etc/portcullis/gateway.yaml, then the environment, then flags.
public struct GatewayConfiguration: Sendable, Hashable {
    /// ADMIN's addresses, such as `https://admin.example:8443`. Required unless the export comes from a file.
    package var adminURL: AdminURLs?
    /// The location whose export this gateway follows.
    public var location: String?
    /// The name under which the gateway reports to ADMIN.
    public var name: String
    /// The gateway's role in a pair until `portcullis-gateway role` gives it another.
    public var role = GatewayRole.active
    /// A file with the bearer token of role `gateway`.
    public var tokenFile: String?
    /// Certificates (PEM) to trust instead of the system's.
    public var caFile: String?
    /// Seconds from one poll to the next.
    public var interval = 3
    /// Seconds for which ADMIN may hold its answer until the export differs (`Prefer: wait`); 0: it answers at once.
    public var wait = 0
    /// Seconds that an answer may take, for each of ADMIN's addresses that is tried.
    public var timeout = 10
    /// The directory of what must survive a restart: the last good export, drains, addresses.
    public var stateDirectory = "/var/lib/portcullis"
    /// The directory of what need not survive: lock, status, metrics.
    public var runDirectory = "/run/portcullis"
    /// The range from which Portcullis assigns firewall marks.
    public var marks: ClosedRange<UInt32> = 256...65_535
    /// Seconds that a real server that left the export may keep its connections, if its section sets no drain time.
    public var drainTime = 600
    /// Seconds between two audits of IPVS and the local addresses.
    public var auditInterval = 30
    /// What to do with virtual services on our addresses that Portcullis did not make.
    public var foreignServices = ForeignServices.report
    /// Whether table `inet portcullis` belongs to the socket that `portcullis-gateway hold` keeps open, so that no
    /// other program can change or flush it.
    public var isTableOwned = false
    /// The metrics file for node_exporter's textfile collector; `nil`: `metrics.prom` in the run directory.
    public var metricsFile: String?
    /// The greatest number of virtual services, and of real servers, for which the metrics have one series each.
    public var metricsLimit = 5_000
    /// The user of the prober (`portcullis-checks`), who may connect to the socket in the run directory.
    public var checksUser = "portcullis-checks"
    /// How much one export may withdraw.
    public var exportGuard = ExportGuard()
    /// The lowest level that is logged.
    public var logLevel = Logger.Level.info
    /// IPVS' timeouts in seconds; the defaults are the kernel's. 0: Portcullis does not set the timeout.
    public var timeouts = IPVS.Timeouts(tcp: 900, tcpFin: 120, udp: 300)
    /// How connections are synchronized to the other gateway.
    public var sync = SyncSettings()

    /// - Parameter name: the host's name.
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
