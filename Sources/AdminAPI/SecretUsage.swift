import JSON
import Names

/// A service that uses a secret (`GET /v1/secrets/{secret}/usage`), or still has it in the configuration that it
/// fetched last.
public struct SecretUsage: Sendable, Hashable {
    public var service: String
    /// The revision in the configuration that it fetched last; `nil`: it has fetched none with the secret.
    public var revision: Int?
    /// Whether its configuration names the secret now.
    public var isNamed: Bool
    /// Whether the configuration that it fetched last is its present one.
    public var isCurrent: Bool
    /// When it fetched that configuration for the first time, RFC 3339 in UTC; `nil`: it has fetched none.
    public var since: String?
    /// When it last asked and had that configuration, RFC 3339 in UTC.
    public var last: String?

    public init(
        service: String, revision: Int?, isNamed: Bool, isCurrent: Bool, since: String? = nil, last: String? = nil
    ) {
        self.service = service
        self.revision = revision
        self.isNamed = isNamed
        self.isCurrent = isCurrent
        self.since = since
        self.last = last
    }
}

extension SecretUsage: Described {
    package static let form = Form<Self>.object(
        "SecretUsage", .required("service", .serviceName, \.service), .present("revision", countFromOne, \.revision),
        .required("named", .boolean, \.isNamed), .required("current", .boolean, \.isCurrent),
        .present("since", .time, \.since), .present("last", .time, \.last)
    ) { SecretUsage(service: $0, revision: $1, isNamed: $2, isCurrent: $3, since: $4, last: $5) }
}
