package import Supervision

/// What the link tells the master.
package enum LinkNews: Sendable, Equatable {
    /// ADMIN's orders as they are now, with the ETag of the configuration that there is to be.
    case orders([MasterJob], logLevel: String?, configuration: String?)
    /// ADMIN gives no orders or no configuration, and says so.
    case noConfiguration
    /// The service's configuration in YAML, with its ETag.
    case configuration(tag: String, bytes: [UInt8])
    /// Whether ADMIN refuses the token: its node must get another.
    case token(isRefused: Bool)
}
