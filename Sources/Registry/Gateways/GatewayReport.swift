package import AdminAPI
package import ServicesExport

/// What a gateway says of itself in a poll.
package struct GatewayReport: Sendable, Hashable {
    package var role: GatewayResource.Role?
    /// The ETag of the export in its kernel.
    package var applied: String?
    /// `nil`: its guard holds nothing back.
    package var held: Held?
    /// Steps its kernel has refused; `nil`: it does not say.
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

    /// An export that its guard holds back.
    package struct Held: Sendable, Hashable {
        /// The ETag.
        package var tag: String
        package var reason: String?
        package var decision: GatewayResource.HeldExport.Decision

        package init(tag: String, reason: String? = nil, decision: GatewayResource.HeldExport.Decision) {
            self.tag = tag
            self.reason = reason
            self.decision = decision
        }
    }
}
