import AdminAPI
import AdminClient
import ServicesExport

/// A poll as a request to ADMIN: the exports that the gateway has, and its state.
struct PollRequest: Sendable {
    /// What all polls have in common.
    private let common: AdminRequest
    private let wait: Int
    private let announces: Bool

    init(_ path: APIPath, _ configuration: GatewayConfiguration, announces: Bool) {
        var request = AdminRequest(.get, path)
        request.accept = ServicesCSV.Version.acceptsAll
        request.limit = ServicesCSV.maximumSize
        request.problemLimit = 1 << 16
        if announces { request.add(GatewayHeader.name, configuration.name) }
        common = request
        wait = configuration.wait
        self.announces = announces
    }

    func request(_ poll: ExportRequest) -> AdminRequest {
        var request = common
        request.known = [poll.known, poll.held?.digest].compactMap { $0?.etag }
        if poll.known != nil { request.wait = wait }
        guard announces else { return request }
        request.add(GatewayHeader.role, poll.role.rawValue)
        if let applied = poll.applied { request.add(GatewayHeader.applied, applied.etag) }
        if let held = poll.held {
            request.add(GatewayHeader.held, held.digest.etag)
            request.add(GatewayHeader.heldReason, Self.headerText(held.reason))
            let decision: GatewayResource.HeldExport.Decision = held.isRejected ? .rejected : .pending
            request.add(GatewayHeader.heldDecision, decision.rawValue)
        }
        request.add(GatewayHeader.failures, "\(poll.failures)")
        return request
    }

    /// Replaces everything except printable ASCII, and cuts the text to the limit.
    private static func headerText(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
                .prefix(GatewayHeader.longestHeldReason), as: UTF8.self)
    }
}
