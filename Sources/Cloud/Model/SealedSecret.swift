/// A secret as it is stored in the registry: its value is encrypted.
public struct SealedSecret: Sendable, Hashable {
    public let name: String
    /// The number of this value, counted from 1.
    public let revision: Int
    /// The encrypted value, which only the key of `SecretKey` opens.
    package let sealed: [UInt8]
    /// The user who set this value.
    public let changedBy: String
    /// When this value was set, RFC 3339 in UTC.
    public let changedAt: String

    package init(name: String, revision: Int, sealed: [UInt8], changedBy: String, changedAt: String) {
        self.name = name
        self.revision = revision
        self.sealed = sealed
        self.changedBy = changedBy
        self.changedAt = changedAt
    }

    /// The longest value, in bytes.
    package static let longestValue = 64 << 10
}
