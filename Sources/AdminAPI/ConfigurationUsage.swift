import JSON
import Names

/// What a service has fetched of its configuration with its own token (`GET /v1/configurations`).
public struct ConfigurationUsage: Sendable, Hashable {
    public var service: String
    /// Whether the configuration that it fetched last is its present one.
    public var isCurrent: Bool
    /// When it fetched that configuration for the first time, RFC 3339 in UTC; `nil`: it has fetched none.
    public var since: String?
    /// When it last asked and had that configuration, RFC 3339 in UTC.
    public var last: String?

    public init(service: String, isCurrent: Bool, since: String? = nil, last: String? = nil) {
        self.service = service
        self.isCurrent = isCurrent
        self.since = since
        self.last = last
    }
}

extension ConfigurationUsage: Described {
    package static let form = Form<Self>.object(
        "ConfigurationUsage", .required("service", .serviceName, \.service),
        .required("current", .boolean, \.isCurrent), .present("since", .time, \.since), .present("last", .time, \.last)
    ) { ConfigurationUsage(service: $0, isCurrent: $1, since: $2, last: $3) }
}
