/// A secret as the registry keeps it: its value is encrypted.
public struct SealedSecret: Sendable, Hashable {
    public let name: String
    /// Counts the values it has had, from 1.
    public let revision: Int
    /// The value, readable with the key of `SecretKey` only.
    let sealed: [UInt8]
    /// Who set this value.
    public let changedBy: String
    /// RFC 3339 in UTC.
    public let changedAt: String

    /// Bytes of a value.
    static let longestValue = 64 << 10
}
