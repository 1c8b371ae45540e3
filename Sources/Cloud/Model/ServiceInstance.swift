/// What a gateway may send to an instance; the words are HAProxy's.
public enum ServiceState: String, Sendable, Hashable, Codable, CaseIterable {
    /// New connections come.
    case ready
    /// Established connections go on, no new ones come.
    case drain
    /// Taken out: it is in no export.
    case maint
}

/// One running copy of a service: `tg.3` on server `app2`.
public struct ServiceInstance: Sendable, Hashable {
    public var type: String
    /// Counts the instances of the type, from 1; stays with the instance for its life.
    public var index: Int
    public var server: String
    public var state: ServiceState
    /// 0 to 65,535; `nil`: the gateway section's.
    public var weight: Int?

    public init(type: String, index: Int, server: String, state: ServiceState = .ready, weight: Int? = nil) {
        self.type = type
        self.index = index
        self.server = server
        self.state = state
        self.weight = weight
    }

    /// The largest index.
    public static let maximumIndex = 999_999_999
    /// How a service is named, for messages.
    public static let nameForm = "a service is named TYPE.INDEX, as tg.3, with an index from 1 to \(maximumIndex)"

    /// The rule for names as a regular expression (ECMA 262), for descriptions of the API.
    public static let namePattern = "\(ObjectName.pattern(.type).dropLast())\\.[1-9][0-9]{0,8}$"

    /// `tg.3`
    public var name: String { "\(type).\(index)" }

    /// Reads `type.index`: the index from 1, decimal, without leading zeros.
    ///
    /// Only the canonical text is a name: what merely reads alike (a dot with an accent) is none.
    public static func parse(name: String) -> (type: String, index: Int)? {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let type = String(parts[0]), let index = String(parts[1]).flatMap({ Int($0) }),
            (1...maximumIndex).contains(index), "\(type).\(index)".utf8.elementsEqual(name.utf8),
            ObjectName.isValid(type, as: .type)
        else { return nil }
        return (type, index)
    }
}
