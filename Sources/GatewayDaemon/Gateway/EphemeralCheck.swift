import ServicesExport

/// The input of the last comparison of exported ports with the machine's own.
struct EphemeralCheck: Hashable {
    let export: ExportDigest?
    /// The value of `EphemeralPorts.rangeSysctl`.
    let local: String
    /// The value of `EphemeralPorts.reservedSysctl`.
    let reserved: String
}
