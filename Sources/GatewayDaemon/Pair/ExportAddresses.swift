import GatewaySync
public import NetworkTypes
public import ServicesExport

/// The public addresses that an export serves.
public struct ExportAddresses: Sendable {
    /// The digest of the export.
    public let digest: ExportDigest
    /// Ascending, without duplicates.
    public let addresses: [IPAddress]

    /// Reads an export.
    /// - Throws: `ServicesCSVError` if the bytes are no valid export.
    public init(_ bytes: [UInt8]) throws {
        var reconciler = Reconciler(ownership: Ownership(marks: 1...UInt32.max))
        try reconciler.adopt(bytes)
        digest = ExportDigest(of: bytes)
        addresses = reconciler.desired.addresses.sorted()
    }
}
