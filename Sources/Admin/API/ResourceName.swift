import AdminAPI

/// The names of `ObjectName` as regular expressions (ECMA 262) for the API's description.
enum ResourceName {
    /// Locations, pools, servers, sections, gateways, tokens.
    static let pattern = "^[a-z0-9][a-z0-9._-]{0,62}$"
    static let typePattern = "^[a-z0-9][a-z0-9_-]{0,51}$"
    /// Type, dot, index.
    static let servicePattern = #"^[a-z0-9][a-z0-9_-]{0,51}\.[1-9][0-9]{0,8}$"#
    /// The largest index of a service.
    static let maximumIndex = 999_999_999

    /// How a service is named, for messages.
    static let serviceForm = "a service is named TYPE.INDEX, as tg.3, with an index from 1 to \(maximumIndex)"

    static func parseService(_ name: String) -> (type: String, index: Int)? {
        ServiceInstance.parse(name: name).flatMap { $0.index <= maximumIndex ? $0 : nil }
    }
}
