import ServicesExport

/// What the last comparison of exported ports with the machine's own was made of.
struct EphemeralCheck: Hashable {
    let export: ExportDigest?
    /// `net.ipv4.ip_local_port_range`
    let local: String
    /// `net.ipv4.ip_local_reserved_ports`
    let reserved: String
}
