/// What has happened since the daemon started.
struct GatewayCounters: Sendable {
    /// Polls by what came of them: `unchanged`, `changed`, or the kind of failure.
    var polls: [String: Int] = [:]
    /// Times the kernel was brought into agreement with an export.
    var applies = 0
    /// Changes that the kernel took.
    var kernelChanges = 0
    /// Exports that the guard has held back.
    var heldExports = 0
    /// Audits of settings, IPVS and addresses.
    var audits = 0
    /// Times every real server was read back.
    var auditRounds = 0
}
