public import CombinedConfiguration

/// A secret as it is stored in the registry: its value is encrypted.
public struct SealedSecret: Sendable, Hashable {
    public let name: String
    /// The number of this value, counted from 1.
    public let revision: Int
    public let kind: SecretKind
    /// The encrypted value, which only the key of `SecretKey` opens.
    package var sealed: [UInt8]
    /// Random bytes that belong to this value, under whatever key it is encrypted. The ETags of configurations are made
    /// of them, and so stay when the key is replaced.
    package let stamp: [UInt8]
    /// The user who set this value.
    public let changedBy: String
    /// When this value was set, RFC 3339 in UTC.
    public let changedAt: String

    package init(
        name: String, revision: Int, kind: SecretKind = .text, sealed: [UInt8], stamp: [UInt8], changedBy: String,
        changedAt: String
    ) {
        self.name = name
        self.revision = revision
        self.kind = kind
        self.sealed = sealed
        self.stamp = stamp
        self.changedBy = changedBy
        self.changedAt = changedAt
    }

    /// The longest value, in bytes.
    package static let longestValue = 64 << 10
}
