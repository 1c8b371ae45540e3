import Cloud
public import Logging
public import Registry
import ServiceSupport
import Text
import YAML

/// The settings of `portcullis-admin`, from the configuration file, the environment and flags. Later ones override
/// earlier ones.
public struct AdminSettings: Sendable, Hashable {
    /// The settings, by the names of their flags and keys in the file.
    public enum Key: String, Sendable, CaseIterable {
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

        /// `PORTCULLIS_ADMIN_TLS_KEY`
        public var environmentVariable: String {
            "PORTCULLIS_ADMIN_" + rawValue.uppercased().replacingByte("-", with: "_")
        }
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
    static let defaults: [Key: String] = [
        .listen: "127.0.0.1:8080", .database: defaultDatabase, .logLevel: "info",
    ]

    /// Combines the sources.
    ///
    /// - Parameters:
    ///   - file: values from the configuration file, read by `values(inFile:named:)`.
    ///   - environment: the environment of the process.
    ///   - flags: values from the command line.
    ///
    /// Throws `SettingsError` with the source and the value.
    public init(file: [Key: Value] = [:], environment: [String: String] = [:], flags: [Key: String] = [:]) throws {
        var values = Self.defaults.mapValues { Value(text: $0, source: "the default") }
        values.merge(file) { $1 }
        for key in Key.allCases {
            if let text = environment[key.environmentVariable] {
                guard !text.isEmpty else {
                    throw SettingsError(
                        "the variable \(key.environmentVariable) is empty: give it a value, or unset it")
                }
                values[key] = Value(text: text, source: key.environmentVariable)
            }
            if let text = flags[key] { values[key] = Value(text: text, source: "--\(key.rawValue)") }
        }
        listen = try Self.read(values[.listen], "HOST:PORT, an IPv6 address in brackets") { ListenAddress($0) }
        // SQLite gives ":memory:" a special meaning.
        database = try Self.read(values[.database], "the path of a file") {
            $0.isEmpty || $0.isExactly(":memory:") ? nil : $0
        }
        secretsKey = try values[.secretsKey].map { try Self.read($0, "a path") { $0.isEmpty ? nil : $0 } }
        logLevel = try Self.read(
            values[.logLevel], "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))"
        ) { Logger.Level(rawValue: $0) }
        connections = ConnectionLimits()
        connections.maximum = try Self.number(values[.maxConnections], 16...1_000_000) ?? .max
        connections.firstHead = try Self.seconds(values[.headTimeout]) ?? connections.firstHead
        connections.idle = try Self.seconds(values[.idleTimeout]) ?? connections.idle
        connections.transfer = try Self.seconds(values[.transferTimeout]) ?? connections.transfer
        maxGateways = try Self.number(values[.maxGateways], 1...1_000_000) ?? GatewayRoster.Limits().gateways
        let kept = Retention()
        retention = Retention(
            events: try Self.number(values[.keepEvents], 1_000...1_000_000_000) ?? kept.events,
            revisions: try Self.number(values[.keepRevisions], 10...1_000_000_000) ?? kept.revisions,
            revisionBytes: try Self.number(values[.keepRevisionBytes], 1 << 20...1 << 50) ?? kept.revisionBytes)
        pruneShare = try Self.number(values[.pruneShare], 0...100) ?? PruneGuard.defaultShare
        switch (values[.tlsCertificate], values[.tlsKey]) {
        case (nil, nil): tls = nil
        case (let certificate?, let key?): tls = TLSFiles(certificate: certificate.text, key: key.text)
        case (let certificate?, nil):
            throw SettingsError("\(certificate.source): tls-certificate is useless without tls-key")
        case (nil, let key?): throw SettingsError("\(key.source): tls-key is useless without tls-certificate")
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

    /// A value and its source.
    public struct Value: Sendable, Hashable {
        public var text: String
        /// The source of the value, for messages: a file with its line, a variable, or a flag.
        public var source: String
    }

    /// An optional number: plain decimal digits.
    private static func number(_ value: Value?, _ range: ClosedRange<Int>) throws -> Int? {
        try value.map { value in
            try read(value, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
                Int(text).flatMap { range.contains($0) && String($0).isExactly(text) ? $0 : nil }
            }
        }
    }

    private static func seconds(_ value: Value?) throws -> Duration? {
        try number(value, 1...3_600).map { .seconds($0) }
    }

    private static func read<Result>(
        _ value: Value?, _ expected: String, _ read: (String) -> Result?
    ) throws -> Result {
        guard let value, let result = read(value.text) else {
            throw SettingsError(
                "\(value?.source ?? "settings"): \((value?.text ?? "").printed(atMost: 200)) is not \(expected)")
        }
        return result
    }

    /// Reads the configuration file: one mapping of keys to scalars.
    public static func values(inFile text: String, named file: String) throws -> [Key: Value] {
        let document = try YAMLDocument.parse(text, file: file).first
        guard let document else { return [:] }
        var values: [Key: Value] = [:]
        for pair in try document.mapping(allowedKeys: Key.allCases.map(\.rawValue), "settings").pairs {
            guard let key = Key(rawValue: pair.key.text) else { continue }
            values[key] = Value(text: try pair.value.text(), source: "\(pair.value.position)")
        }
        return values
    }
}
