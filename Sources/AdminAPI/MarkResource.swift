import JSON
import Names

/// A firewall mark and the gateway section that holds it (`GET /v1/marks`).
public struct MarkResource: Sendable, Hashable {
    /// 256 to 65,535.
    public var mark: Int
    public var type: String
    public var section: String
    /// `udp`: the mark is for UDP alone, which has its own; `nil`: it is for all protocols of the section that have
    /// none of their own.
    public var transport: String?
    /// When the section got it, RFC 3339 in UTC; `nil` if that was before ADMIN recorded it.
    public var since: String?
    /// Whether the section exists. A mark is kept for a deleted section.
    public var inUse: Bool

    public init(
        mark: Int, type: String, section: String, transport: String? = nil, since: String?, inUse: Bool
    ) {
        self.mark = mark
        self.type = type
        self.section = section
        self.transport = transport
        self.since = since
        self.inUse = inUse
    }
}

extension MarkResource: Described {
    package static let form = Form<Self>.object(
        "Mark", .required("mark", .integer(Limits.marks), \.mark), .required("type", .name(.type), \.type),
        .required("section", .name(.section), \.section),
        .present("protocol", .words("udp"), \.transport),
        .present("since", .time, \.since), .required("inUse", .boolean, \.inUse)
    ) { MarkResource(mark: $0, type: $1, section: $2, transport: $3, since: $4, inUse: $5) }
}
