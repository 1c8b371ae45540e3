/// A secret as the registry keeps it: its value is encrypted.
public struct SealedSecret: Sendable, Hashable {
    public let name: String
    /// Counts the values it has had, from 1.
    public let revision: Int
    /// The value, readable with the key of `SecretKey` only.
    package let sealed: [UInt8]
    /// Who set this value.
    public let changedBy: String
    /// RFC 3339 in UTC.
    public let changedAt: String

    package init(name: String, revision: Int, sealed: [UInt8], changedBy: String, changedAt: String) {
        self.name = name
        self.revision = revision
        self.sealed = sealed
        self.changedBy = changedBy
        self.changedAt = changedAt
    }

    /// Bytes of a value.
    package static let longestValue = 64 << 10
}
