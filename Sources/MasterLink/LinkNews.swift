package import Supervision

/// What the link tells the master.
package enum LinkNews: Sendable, Equatable {
    /// ADMIN's orders as they are now.
    case orders([MasterJob], logLevel: String?)
    /// The service's configuration in YAML, with its ETag.
    case configuration(tag: String, bytes: [UInt8])
    /// Whether ADMIN refuses the token: its node must get another.
    case token(isRefused: Bool)
}
