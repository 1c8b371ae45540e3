import Cloud
public import Logging
public import Registry
public import ServiceSupport
import Text

/// The settings of `portcullis-admin`, from the configuration file, the environment and flags. Later ones override
/// earlier ones.
public struct AdminSettings: Sendable, Hashable {
    /// The settings, named as flags and as keys of the file are.
    public enum Key: String, SettingKey {
        case listen
        case database
        case tlsCertificate = "tls-certificate"
        case tlsKey = "tls-key"
        case secretsKey = "secrets-key"
        case logLevel = "log-level"
        case maxConnections = "max-connections"
        case maxGateways = "max-gateways"
        case keepEvents = "keep-events"
        case keepRevisions = "keep-revisions"
        case keepRevisionBytes = "keep-revision-bytes"
        case pruneShare = "prune-share"
        case headTimeout = "head-timeout"
        case idleTimeout = "idle-timeout"
        case transferTimeout = "transfer-timeout"

        public static var variablePrefix: String { "PORTCULLIS_ADMIN_" }
    }

    public var listen: ListenAddress
    /// Path of the SQLite file.
    public var database: String
    /// Paths of PEM files: the certificate with its chain, and its key.
    public var tls: TLSFiles?
    /// Path of the file with the key that encrypts secrets.
    public var secretsKey: String?
    public var logLevel: Logger.Level
    /// The limits of connections.
    public var connections: ConnectionLimits
    /// The greatest number of gateways that ADMIN knows.
    public var maxGateways: Int
    /// How much history the registry keeps.
    public var retention: Retention
    /// The percentage of the cloud, or of one kind of object in it, that a prune may delete without a number.
    public var pruneShare: Int

    /// The paths of the files for TLS.
    public struct TLSFiles: Sendable, Hashable {
        public var certificate: String
        public var key: String
    }

    /// The path of the configuration file if none is given.
    public static let defaultFile = "/etc/portcullis/admin.yaml"
    /// The path of the SQLite file if none is given.
    public static let defaultDatabase = "/var/lib/portcullis-admin/registry.sqlite"
    /// The default of earlier versions, in the state directory of the gateway.
    public static let formerDatabase = "/var/lib/portcullis/registry.sqlite"

    /// Combines the sources.
    ///
    /// - Parameters:
    ///   - file: Settings of the configuration file.
    ///   - environment: The process's environment.
    ///   - flags: Values given on the command line.
    ///
    /// Throws `SettingsError` naming the place and the value.
    package init(
        file: [Setting<Key>] = [], environment: [String: String] = [:], flags: [Key: String] = [:]
    ) throws(SettingsError) {
        let given = try SettingLayers(file: file, environment: environment, flags: flags)
        listen =
            try Self.read(given[.listen], "HOST:PORT, an IPv6 address in brackets") { ListenAddress($0) } ?? .standard
        // SQLite has a meaning of its own for ":memory:".
        database =
            try Self.read(given[.database], "the path of a file") {
                $0.isEmpty || $0.isExactly(":memory:") ? nil : $0
            } ?? Self.defaultDatabase
        secretsKey = try given[.secretsKey].map { setting throws(SettingsError) in try Self.path(setting) }
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        logLevel = try Self.read(given[.logLevel], "one of \(levels)") { Logger.Level(rawValue: $0) } ?? .info
        connections = ConnectionLimits()
        connections.maximum = try Self.number(given[.maxConnections], 16...1_000_000) ?? .max
        connections.firstHead = try Self.seconds(given[.headTimeout]) ?? connections.firstHead
        connections.idle = try Self.seconds(given[.idleTimeout]) ?? connections.idle
        connections.transfer = try Self.seconds(given[.transferTimeout]) ?? connections.transfer
        maxGateways = try Self.number(given[.maxGateways], 1...1_000_000) ?? GatewayRoster.Limits().gateways
        let kept = Retention()
        retention = Retention(
            events: try Self.number(given[.keepEvents], 1_000...1_000_000_000) ?? kept.events,
            revisions: try Self.number(given[.keepRevisions], 10...1_000_000_000) ?? kept.revisions,
            revisionBytes: try Self.number(given[.keepRevisionBytes], 1 << 20...1 << 50) ?? kept.revisionBytes)
        pruneShare = try Self.number(given[.pruneShare], 0...100) ?? PruneGuard.defaultShare
        switch (given[.tlsCertificate], given[.tlsKey]) {
        case (nil, nil): tls = nil
        case (let certificate?, let key?):
            tls = TLSFiles(certificate: try Self.path(certificate), key: try Self.path(key))
        case (let certificate?, nil):
            throw SettingsError("\(certificate.place): tls-certificate is useless without tls-key")
        case (nil, let key?): throw SettingsError("\(key.place): tls-key is useless without tls-certificate")
        }
    }

    /// Throws if ADMIN would be open to everybody who can connect from other machines.
    public func checkListening(hasTokens: Bool) throws {
        guard !hasTokens, !listen.isLoopback else { return }
        throw SettingsError(
            """
            \(listen) is no loopback address and no token is configured, so everybody could change \
            everything; make one with "portcullis-admin token add NAME --role admin", or listen on 127.0.0.1
            """)
    }

    /// The names of settings that differ from `other` but are only read at the start.
    public func needingRestart(from other: AdminSettings) -> [String] {
        let differences: [(Key, Bool)] = [
            (.listen, listen != other.listen), (.database, !database.isExactly(other.database)),
            (.secretsKey, secretsKey != other.secretsKey), (.tlsCertificate, (tls == nil) != (other.tls == nil)),
            (.maxConnections, connections.maximum != other.connections.maximum),
            (.maxGateways, maxGateways != other.maxGateways), (.pruneShare, pruneShare != other.pruneShare),
            (.headTimeout, connections.firstHead != other.connections.firstHead),
            (.idleTimeout, connections.idle != other.connections.idle),
            (.transferTimeout, connections.transfer != other.connections.transfer),
        ]
        return differences.filter(\.1).map(\.0.rawValue)
    }

    /// The number of a setting: plain decimal digits.
    private static func number(_ setting: Setting<Key>?, _ range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        try read(setting, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) && String($0).isExactly(text) ? $0 : nil }
        }
    }

    private static func path(_ setting: Setting<Key>) throws(SettingsError) -> String {
        guard !setting.text.isEmpty else { throw SettingsError("\(setting.place): the path is empty") }
        return setting.text
    }

    private static func seconds(_ setting: Setting<Key>?) throws(SettingsError) -> Duration? {
        try number(setting, 1...3_600).map { .seconds($0) }
    }

    /// The value of a setting; `nil` when it was not given.
    private static func read<Value>(
        _ setting: Setting<Key>?, _ expected: String, _ read: (String) -> Value?
    ) throws(SettingsError) -> Value? {
        guard let setting else { return nil }
        guard let value = read(setting.text) else {
            throw SettingsError("\(setting.place): \(setting.text.printed(atMost: 200)) is not \(expected)")
        }
        return value
    }
}
