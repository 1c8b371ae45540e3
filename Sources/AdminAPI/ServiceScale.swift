import JSON
import Names

/// Body of `POST /v1/types/{type}/scale`: how many services the type shall have.
public struct ServiceScale: Sendable, Hashable {
    /// The number of services afterwards, 0 to 100,000.
    public var count: Int
    /// Only services of this location are counted, added and removed; `nil`: all.
    public var location: String?

    public init(count: Int, location: String? = nil) {
        self.count = count
        self.location = location
    }
}

extension ServiceScale: Described {
    package static let form = Form<Self>.object(
        "ServiceScale", .required("count", .integer(0...Limits.applied), \.count),
        .present(
            "location", .name(.location).described("Only services of this location are counted, added and removed"),
            \.location)
    ) { ServiceScale(count: $0, location: $1) }
}
