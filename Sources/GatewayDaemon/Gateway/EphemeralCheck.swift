import ServicesExport

/// What the last comparison of exported ports with the machine's own was made of.
struct EphemeralCheck: Hashable {
    let export: ExportDigest?
    /// Of `EphemeralPorts.rangeSysctl`.
    let local: String
    /// Of `EphemeralPorts.reservedSysctl`.
    let reserved: String
}
