package import AdminAPI
package import ServicesExport

/// A gateway's report of itself in a poll.
package struct GatewayHeartbeat: Sendable, Hashable {
    /// The gateway's role in its pair; `nil` if it does not say.
    package var role: GatewayResource.Role?
    /// The ETag of the export that its kernel agrees with.
    package var applied: String?
    /// The export that its guard holds back; `nil` if there is none.
    package var held: Held?
    /// How many steps its kernel has refused; `nil` if it does not say.
    package var failures: Int?
    /// The newest version of the export that it reads.
    package var exportVersion: ServicesCSV.Version

    package init(
        role: GatewayResource.Role? = nil, applied: String? = nil, held: Held? = nil, failures: Int? = nil,
        exportVersion: ServicesCSV.Version = .one
    ) {
        self.role = role
        self.applied = applied
        self.held = held
        self.failures = failures
        self.exportVersion = exportVersion
    }

    /// An export that the gateway's guard holds back.
    package struct Held: Sendable, Hashable {
        /// The export's ETag.
        package var tag: String
        /// The guard's objections, in the gateway's words.
        package var reason: String?
        /// The decision of the gateway's operator.
        package var decision: GatewayResource.HeldExport.Decision

        package init(tag: String, reason: String? = nil, decision: GatewayResource.HeldExport.Decision) {
            self.tag = tag
            self.reason = reason
            self.decision = decision
        }
    }
}
