import GatewaySync
public import NetworkTypes
public import ServicesExport

/// The public addresses that an export serves.
public struct ExportAddresses: Sendable {
    public let digest: ExportDigest
    /// In rising order, each once.
    public let addresses: [IPAddress]

    /// - Throws: `ServicesCSVError` when the bytes are no export.
    public init(_ bytes: [UInt8]) throws {
        var reconciler = Reconciler(ownership: Ownership(marks: 1...UInt32.max))
        try reconciler.adopt(bytes)
        digest = ExportDigest(of: bytes)
        addresses = reconciler.desired.addresses.sorted()
    }
}
