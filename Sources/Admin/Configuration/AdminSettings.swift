import Cloud
public import Logging
public import Registry
public import ServiceSupport
import Text
import YAML

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
        case crashRetention = "crash-retention"
        case pruneShare = "prune-share"
        case headTimeout = "head-timeout"
        case idleTimeout = "idle-timeout"
        case transferTimeout = "transfer-timeout"
        case versionsDirectory = "versions-directory"
        case keepContents = "keep-contents"
        case versionsReserve = "versions-reserve"
        case outsideTests = "outside-tests"
        case lostShare = "lost-share"

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
    /// Where versions are kept, and for how long.
    public var versions: VersionKeeping
    /// Whether tests `from: outside` are run; otherwise they count as passed.
    public var hasOutsideTests: Bool
    /// Percent of a location's servers; when more are lost at once, no service moves.
    public var lostShare: Int
    /// The channels by which notices reach people.
    public var channels: [NoticeChannelSettings]
    /// What is pinged each minute while ADMIN's loops come around; `nil`: nothing. It may be secret.
    public var deadManURL: String?

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
    ///   - channels: those of the configuration file.
    ///   - deadManURL: that of the configuration file.
    ///
    /// Throws `SettingsError` with all values that cannot be used, each with its place. One that another overrides is
    /// not looked at.
    package init(
        file: [Setting<Key>] = [], environment: [String: String] = [:], flags: [Key: String] = [:],
        channels: [NoticeChannelSettings] = [], deadManURL: String? = nil
    ) throws(SettingsError) {
        var given = Reading(try SettingLayers(file: file, environment: environment, flags: flags))
        listen =
            given.value(.listen, "HOST:PORT, an IPv6 address in brackets") { ListenAddress($0) } ?? .standard
        // SQLite has a meaning of its own for ":memory:".
        database =
            given.value(.database, "the path of a file") { $0.isEmpty || $0.isExactly(":memory:") ? nil : $0 }
            ?? Self.defaultDatabase
        secretsKey = given.path(.secretsKey)
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        logLevel = given.value(.logLevel, "one of \(levels)") { Logger.Level(rawValue: $0) } ?? .info
        connections = ConnectionLimits()
        connections.maximum = given.number(.maxConnections, 16...1_000_000) ?? .max
        connections.firstHead = given.seconds(.headTimeout) ?? connections.firstHead
        connections.idle = given.seconds(.idleTimeout) ?? connections.idle
        connections.transfer = given.seconds(.transferTimeout) ?? connections.transfer
        maxGateways = given.number(.maxGateways, 1...1_000_000) ?? GatewayRoster.Limits().gateways
        let kept = Retention()
        retention = Retention(
            events: given.number(.keepEvents, 1_000...1_000_000_000) ?? kept.events,
            revisions: given.number(.keepRevisions, 10...1_000_000_000) ?? kept.revisions,
            revisionBytes: given.number(.keepRevisionBytes, 1 << 20...1 << 50) ?? kept.revisionBytes,
            crashDays: given.number(.crashRetention, 1...3_650) ?? kept.crashDays)
        pruneShare = given.number(.pruneShare, 0...100) ?? PruneGuard.defaultShare
        versions = VersionKeeping(
            directory: given.path(.versionsDirectory) ?? Self.versionsDirectory(beside: database))
        versions.unneeded = given.number(.keepContents, 0...31_536_000) ?? versions.unneeded
        versions.reserve = given.number(.versionsReserve, 0...1 << 50) ?? versions.reserve
        hasOutsideTests = given.value(.outsideTests, "true or false") { Bool($0) } ?? true
        lostShare = given.number(.lostShare, 0...100) ?? ServerWatch.defaultShare
        self.channels = channels
        self.deadManURL = deadManURL
        tls = given.tls()
        guard given.faults.isEmpty else { throw SettingsError(given.faults.joined(separator: "\n")) }
    }

    /// Reads the configuration file, and combines it with the other sources.
    ///
    /// Throws `YAMLErrors` with all that is wrong in the file, or `SettingsError`.
    package static func read(
        file: SettingsFile?, environment: [String: String], flags: [Key: String]
    ) throws -> AdminSettings {
        var diagnostics = YAMLDiagnostics()
        let content = file?.content(of: Key.self, beside: [NoticeChannelSettings.key, DeadMan.key], &diagnostics)
        let channels = content?.others[NoticeChannelSettings.key].map { NoticeChannelSettings.read($0, &diagnostics) }
        let deadManURL = diagnostics.optional(content?.others[DeadMan.key]) { node throws(YAMLError) in
            try node.url("the `\(DeadMan.key)`")
        }
        try diagnostics.finish()
        return try AdminSettings(
            file: content?.settings ?? [], environment: environment, flags: flags, channels: channels ?? [],
            deadManURL: deadManURL)
    }

    /// The directory for versions if none is given.
    private static func versionsDirectory(beside database: String) -> String {
        guard let slash = database.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "versions" }
        return database[...slash] + "versions"
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
            (.versionsDirectory, !versions.directory.isExactly(other.versions.directory)),
            (.outsideTests, hasOutsideTests != other.hasOutsideTests),
        ]
        return differences.filter(\.1).map(\.0.rawValue)
    }
}

extension AdminSettings {
    /// Reads the texts of settings, and collects what is wrong with them.
    private struct Reading {
        private let given: SettingLayers<Key>
        private(set) var faults: [String] = []

        init(_ given: SettingLayers<Key>) { self.given = given }

        /// The value of a setting; `nil` when it was not given, or after a fault, which is noted.
        mutating func value<Value>(_ key: Key, _ expected: String, _ read: (String) -> Value?) -> Value? {
            guard let setting = given[key] else { return nil }
            let value = read(setting.text)
            if value == nil {
                faults.append("\(setting.place): \(setting.text.printed(atMost: 200)) is not \(expected)")
            }
            return value
        }

        /// The number of a setting: plain decimal digits.
        mutating func number(_ key: Key, _ range: ClosedRange<Int>) -> Int? {
            value(key, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
                Int(text).flatMap { range.contains($0) && String($0).isExactly(text) ? $0 : nil }
            }
        }

        mutating func seconds(_ key: Key) -> Duration? { number(key, 1...3_600).map { .seconds($0) } }

        mutating func path(_ key: Key) -> String? {
            guard let setting = given[key] else { return nil }
            guard setting.text.isEmpty else { return setting.text }
            faults.append("\(setting.place): the path is empty")
            return nil
        }

        /// Certificate and key, of which neither is of any use without the other.
        mutating func tls() -> TLSFiles? {
            let (certificate, key) = (path(.tlsCertificate), path(.tlsKey))
            switch (given[.tlsCertificate], given[.tlsKey]) {
            case (let certificate?, nil):
                faults.append("\(certificate.place): tls-certificate is useless without tls-key")
            case (nil, let key?): faults.append("\(key.place): tls-key is useless without tls-certificate")
            default: break
            }
            guard let certificate, let key else { return nil }
            return TLSFiles(certificate: certificate, key: key)
        }
    }
}
