import AdminAPI

/// What a gateway says of itself in a poll.
struct GatewayReport: Sendable, Hashable {
    var role: GatewayResource.Role?
    /// The ETag of the export in its kernel.
    var applied: String?
    /// `nil`: its guard holds nothing back.
    var held: Held?
    /// Steps its kernel has refused; `nil`: it does not say.
    var failures: Int?

    /// An export that its guard holds back.
    struct Held: Sendable, Hashable {
        /// The ETag.
        var tag: String
        var reason: String?
        var decision: GatewayResource.HeldExport.Decision
    }
}
