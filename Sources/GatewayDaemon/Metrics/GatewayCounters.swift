/// What has happened since the daemon started.
struct GatewayCounters: Sendable {
    /// Polls by result: `unchanged`, `changed`, or the kind of failure.
    var polls: [String: Int] = [:]
    /// How often the kernel was brought into agreement with an export.
    var applies = 0
    /// Changes that the kernel has carried out.
    var kernelChanges = 0
    /// Exports that the guard has held back.
    var heldExports = 0
    /// Verdicts on real servers that have changed, by what they have become.
    var verdicts: [String: Int] = [:]
    /// Audits of settings, IPVS and addresses.
    var audits = 0
    /// How often all real servers were read back.
    var auditRounds = 0
}
